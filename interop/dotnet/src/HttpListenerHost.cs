using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;

namespace Hawser.Interop;

/// <summary>HttpListener: each WebSocket that it accepts becomes a session, told by the event "accepted".</summary>
public static class HttpListenerHost
{
    private static readonly ConcurrentBag<HttpListener> _listeners = [];

    public static Task<object?> StartAsync(Command command)
    {
        var listener = Listen(out string uriPrefix);
        _listeners.Add(listener);
        // listen on a separate task so that Stop can interrupt GetContextAsync
        _ = Task.Run(() => ListenAsync(listener, command));
        return Task.FromResult<object?>(new { url = uriPrefix.Replace("http", "ws") });
    }

    public static void StopAll()
    {
        while (_listeners.TryTake(out var listener)) listener.Close();
    }

    /// <summary>A listener on a free port: it wants to be told one, so a port that nobody had a moment ago is tried.</summary>
    public static HttpListener Listen(out string uriPrefix)
    {
        for (int tries = 0; ; tries++)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            uriPrefix = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/";
            probe.Stop();
            var listener = new HttpListener();
            listener.Prefixes.Add(uriPrefix);
            try
            {
                listener.Start();
                return listener;
            }
            catch (HttpListenerException) when (tries < 10)
            {
                listener.Close();
            }
        }
    }

    private static async Task ListenAsync(HttpListener listener, Command command)
    {
        try
        {
            while (listener.IsListening)
            {
                HttpListenerContext context = await listener.GetContextAsync();
                if (context.Request.IsWebSocketRequest && context.Request.Url?.AbsolutePath != "/refused")
                {
                    _ = Task.Run(() => AcceptAsync(context, command));
                }
                else
                {
                    context.Response.StatusCode = 403;
                    context.Response.Close();
                }
            }
        }
        catch (Exception ex) when (ex is HttpListenerException or ObjectDisposedException)
        {
            // normal when the listener is stopped
        }
    }

    private static async Task AcceptAsync(HttpListenerContext context, Command command)
    {
        try
        {
            string[] offered = context.Request.Headers["Sec-WebSocket-Protocol"]?.Split(", ") ?? [];
            string? subProtocol = offered.FirstOrDefault(command.Protocols.Contains);
            HttpListenerWebSocketContext webSocketContext = await context.AcceptWebSocketAsync(
                subProtocol, 16 * 1024, TimeSpan.FromMilliseconds(command.KeepAliveIntervalMs ?? 30_000));
            var session = new Session(webSocketContext.WebSocket);
            Report.Event("accepted", new
            {
                id = session.Id,
                states = session.States,
                protocol = webSocketContext.SecWebSocketProtocols.FirstOrDefault(command.Protocols.Contains),
                path = context.Request.Url?.AbsolutePath,
                headers = context.Request.Headers.AllKeys.ToDictionary(name => name!.ToLowerInvariant(), name => context.Request.Headers[name]),
            });
            await session.Over;
            session.WebSocket.Dispose();
        }
        catch (Exception ex)
        {
            Report.Event("failed", new { type = ex.GetType().Name, message = ex.Message });
        }
    }
}
