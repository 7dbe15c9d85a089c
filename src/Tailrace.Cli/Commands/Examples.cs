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
        "tcp" => """
              tailrace tcp                                           8080 to 127.0.0.1:8081
              tailrace tcp -b 127.0.0.1 -P 3000                      a local development proxy
              tailrace tcp -l 0.0.0.0 -p 80 -b 192.168.1.100 -P 8080
              tailrace tcp -p 5432 -b db1.example -b db2.example -P 5432
              tailrace tcp -l unix:/run/app.sock -b ::1 -P 9000
            """,
        "udp" => """
              tailrace udp -p 53 -b 192.168.1.100 -P 53
              tailrace udp -l :: -p 5060 -b sip1.example -b sip2.example -P 5060
            """,
        "echo" => """
              tailrace echo --listen 127.0.0.1:9001
              curl http://127.0.0.1:9001/echo
            """,
        "demo" => """
              tailrace demo
              curl http://127.0.0.1:8080/
            """,
        "bench" => """
              tailrace bench http://127.0.0.1:8080/
              tailrace bench 127.0.0.1:9001/ -c 1000 -s 30    the same load past the proxy, to compare
            """,
        "schema" => """
              tailrace schema > tailrace.schema.json
            """,
        _ => """
              tailrace demo                                   a proxy and an origin to try it with
              tailrace proxy --to http://127.0.0.1:9001       a proxy without a file
              tailrace tcp -p 8080 -b 127.0.0.1 -P 8081       the same for any protocol on TCP
              tailrace check tailrace.yaml                    what a configuration would do
              tailrace run tailrace.yaml                      do it
            """,
    };
}
