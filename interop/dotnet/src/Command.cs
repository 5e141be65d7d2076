using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hawser.Interop;

/// <summary>A command of the test: what to run, on which socket, and with what. Each command uses some of the fields.</summary>
public class Command
{
    public int Call { get; set; }
    public required string Run { get; set; }
    public int Id { get; set; }

    // connecting and accepting
    public string Url { get; set; } = "";
    public string[] Protocols { get; set; } = [];
    public Dictionary<string, string> Headers { get; set; } = [];
    public Dictionary<string, string> Cookies { get; set; } = [];
    public string? UserName { get; set; }
    public string? Password { get; set; }
    public string? Fingerprint { get; set; }
    public bool TrustAll { get; set; }
    public string? Cert { get; set; }
    public string? Key { get; set; }
    public DeflateCommand? Deflate { get; set; }
    public int? KeepAliveIntervalMs { get; set; }
    public int? KeepAliveTimeoutMs { get; set; }

    // sending
    public string? Text { get; set; }
    public string[] Fragments { get; set; } = [];
    public int Size { get; set; }
    public int Count { get; set; }
    public int Seed { get; set; }

    // closing
    public int Code { get; set; } = (int)WebSocketCloseStatus.NormalClosure;
    public string Reason { get; set; } = "";

    // the original programs
    public int HeartbeatIntervalMs { get; set; } = 5000;
    public int ReconnectDelayMs { get; set; } = 10000;
    public int DelayMs { get; set; }

    // the original gateway client
    public string Action { get; set; } = "";
    public string? Pid { get; set; }
    public bool PascalCase { get; set; }
    public int LoginTimeoutMs { get; set; } = 30000;
}

public class DeflateCommand
{
    public bool ServerContextTakeover { get; set; } = true;
    public bool ClientContextTakeover { get; set; } = true;
    public int ServerMaxWindowBits { get; set; } = 15;
    public int ClientMaxWindowBits { get; set; } = 15;
}

/// <summary>Writes answers and events, one line each.</summary>
public static class Report
{
    public static readonly JsonSerializerOptions JsonOptions = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
    };

    private static readonly object _lock = new();

    public static void Answer(int call, object? answer) => Write(new { call, answer });

    public static void Event(string name, object? data = null) => Write(new { @event = name, data });

    public static void Failure(int call, Exception ex, Session? session) => Write(new
    {
        call,
        error = new
        {
            type = ex.GetType().Name,
            code = (ex as WebSocketException)?.WebSocketErrorCode.ToString(),
            message = ex.Message,
            inner = ex.InnerException?.Message,
            status = (int?)(session?.Client?.HttpStatusCode),
            states = session?.States,
        },
    });

    private static void Write(object line)
    {
        string text = JsonSerializer.Serialize(line, JsonOptions);
        lock (_lock)
        {
            Console.Out.WriteLine(text);
            Console.Out.Flush();
        }
    }
}
