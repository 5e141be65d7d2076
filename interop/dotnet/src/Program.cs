using System.Text.Json;

namespace Hawser.Interop;

/// <summary>
/// Reads commands from standard input and writes answers and events to standard output, one JSON object a line. Commands
/// run side by side, as a receive and a send do. The process ends with its input.
/// </summary>
public static class Program
{
    public static async Task Main()
    {
        string? line;
        while ((line = await Console.In.ReadLineAsync()) != null)
        {
            var command = JsonSerializer.Deserialize<Command>(line, Report.JsonOptions)!;
            _ = Task.Run(() => RunAsync(command));
        }
    }

    private static async Task RunAsync(Command command)
    {
        try
        {
            Report.Answer(command.Call, await DispatchAsync(command));
        }
        catch (Exception ex)
        {
            Report.Failure(command.Call, ex, Session.Find(command.Id));
        }
    }

    private static Task<object?> DispatchAsync(Command command) => command.Run switch
    {
        "connect" => ClientConnector.ConnectAsync(command),
        "startKestrel" => KestrelHost.StartAsync(command),
        "startHttpListener" => HttpListenerHost.StartAsync(command),
        "startOriginalClient" => OriginalClient.RunAsync(command),
        "startGatewayClient" => OriginalGatewayClient.StartAsync(command),
        "gatewayRequest" => OriginalGatewayClient.RequestAsync(command),
        "gatewayClose" => OriginalGatewayClient.CloseAsync(command),
        "startOriginalServer" => OriginalServer.RunAsync(command),
        "forget" => ForgetAsync(),
        _ => Session.Get(command.Id).RunAsync(command),
    };

    /// <summary>Ends everything that a test has left behind.</summary>
    private static async Task<object?> ForgetAsync()
    {
        OriginalClient.StopAll();
        OriginalGatewayClient.StopAll();
        Session.AbortAll();
        HttpListenerHost.StopAll();
        OriginalServer.StopAll();
        await KestrelHost.StopAllAsync();
        return null;
    }
}
