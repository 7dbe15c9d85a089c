namespace Tailrace.Cli.Commands;

/// <summary>The examples at the end of each command's help.</summary>
internal static class Examples
{
    /// <summary>The examples of a command; those of the whole when the name is none of the commands.</summary>
    public static string For(string command) => command switch
    {
        "run" => """
              tailrace run tailrace.yaml
            """,
        "check" => """
              tailrace check tailrace.yaml
            """,
        "proxy" => """
              tailrace proxy --to http://127.0.0.1:9001
              tailrace proxy --listen :8080 --to http://10.0.0.1 --to http://10.0.0.2:8000 --access-log common
            """,
        "echo" => """
              tailrace echo --listen 127.0.0.1:9001
              curl http://127.0.0.1:9001/echo
            """,
        "demo" => """
              tailrace demo
              curl http://127.0.0.1:8080/
            """,
        "schema" => """
              tailrace schema > tailrace.schema.json
            """,
        _ => """
              tailrace demo                                   a proxy and an origin to try it with
              tailrace proxy --to http://127.0.0.1:9001       a proxy without a file
              tailrace check tailrace.yaml                    what a configuration would do
              tailrace run tailrace.yaml                      do it
            """,
    };
}
