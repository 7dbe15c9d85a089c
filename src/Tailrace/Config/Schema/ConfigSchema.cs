using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tailrace.Config.Schema;

/// <summary>
/// The table of everything that can be configured, from which the reader, the checks and the schema work.
/// </summary>
/// <remarks>
/// A key is described once, here or in the schema of its section, with its kind, its way into the options and a
/// sentence for users. Its default is that of the options record.
/// </remarks>
internal static class ConfigSchema
{
    /// <summary>The root of a configuration.</summary>
    public static readonly SectionKind<TailraceOptions> Root = new("configuration",
        new Field<TailraceOptions, int>("workers",
            "Threads that serve connections, each with its own event loop; auto: as many as CPUs that the process may "
            + "use.",
            ProcessSchema.Workers, o => o.Workers, (o, v) => o with { Workers = v }),
        new Field<TailraceOptions, bool>("pin",
            "Whether each worker is pinned to a CPU of its own.",
            ProcessSchema.Flag, o => o.Pin, (o, v) => o with { Pin = v }),
        new Field<TailraceOptions, EngineChoice>("engine",
            "What drives the event loops; auto: the fastest that works on this machine.",
            ProcessSchema.Engine, o => o.Engine, (o, v) => o with { Engine = v }),
        new Field<TailraceOptions, int>("events_per_wait",
            "The most events that one turn of a loop takes from the kernel.",
            new NumberKind<int>(1, 4096), o => o.EventsPerWait, (o, v) => o with { EventsPerWait = v }),
        new Field<TailraceOptions, LogOptions>("log",
            "The diagnostic log on stderr.",
            ProcessSchema.Log, o => o.Log, (o, v) => o with { Log = v }),
        new Field<TailraceOptions, AccessLogOptions>("access_log",
            "The access log: one line for each request.",
            ProcessSchema.AccessLog, o => o.AccessLog, (o, v) => o with { AccessLog = v }),
        new Field<TailraceOptions, AdminOptions?>("admin",
            "A listener for operators: GET /metrics and GET /health. Left out: none.",
            new OptionalKind<AdminOptions>(ProcessSchema.Admin), o => o.Admin, (o, v) => o with { Admin = v }),
        new Field<TailraceOptions, ShutdownOptions>("shutdown",
            "How the process ends.",
            ProcessSchema.Shutdown, o => o.Shutdown, (o, v) => o with { Shutdown = v }),
        new Field<TailraceOptions, ResolveOptions>("resolve",
            "How host names in destinations become addresses.",
            ProcessSchema.Resolve, o => o.Resolve, (o, v) => o with { Resolve = v }),
        new Field<TailraceOptions, BufferOptions>("buffers",
            "The memory that connections borrow while bytes are under way.",
            ProcessSchema.Buffers, o => o.Buffers, (o, v) => o with { Buffers = v }),
        new Field<TailraceOptions, IReadOnlyList<ListenerOptions>>("listeners",
            "The addresses to accept connections on.",
            ListenerSchema.Listeners, o => o.Listeners, (o, v) => o with { Listeners = v }, required: true),
        new Field<TailraceOptions, IReadOnlyList<RouteOptions>>("routes",
            "The routes of every listener that has none of its own.",
            RouteSchema.Routes, o => o.Routes, (o, v) => o with { Routes = v }),
        new Field<TailraceOptions, IReadOnlyDictionary<string, ClusterOptions>>("clusters",
            "The named groups of destinations that routes lead to.",
            ClusterSchema.Clusters, o => o.Clusters, (o, v) => o with { Clusters = v }));

    // Descriptions are read by people, so apostrophes stay what they are.
    private static readonly JsonWriterOptions s_schemaWriter = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Every section that can occur, the root first, each once and before the sections within it.</summary>
    public static IReadOnlyList<SectionInfo> Sections
    {
        get
        {
            var sections = new List<SectionInfo>();
            Collect(Root.Section, sections);
            return sections;
        }
    }

    /// <summary>The JSON Schema (draft 2020-12) of a configuration file, for editors.</summary>
    public static string ToJsonSchema()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, s_schemaWriter))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
            json.WriteString("title", "Tailrace configuration");
            Root.Section.WriteDefinition(json);
            json.WriteStartObject("$defs");
            foreach (SectionInfo section in Sections.Skip(1))
            {
                json.WriteStartObject(section.Definition);
                section.WriteDefinition(json);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    /// <summary>The reference of all keys as Markdown tables, one for each section.</summary>
    public static string ToMarkdown()
    {
        var text = new StringBuilder();
        foreach (SectionInfo section in Sections)
        {
            text.Append($"\n### {section.Name}\n\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n");
            foreach (Field field in section.Fields)
            {
                string fallback = field.Required ? "required"
                    : field.DefaultText.Length == 0 ? ""
                    : $"`{field.DefaultText}`";
                text.Append($"| `{field.Key}` | {field.Kind.Reference} | {fallback} | {field.About} |\n");
            }
        }
        return text.ToString();
    }

    private static void Collect(SectionInfo section, List<SectionInfo> sections)
    {
        if (sections.Contains(section)) return;
        sections.Add(section);
        foreach (Field field in section.Fields)
        {
            if (field.Kind.Section is { } inner) Collect(inner, sections);
        }
    }
}
