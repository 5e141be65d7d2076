using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Hawser.Interop;

/// <summary>ASP.NET Core's server: each WebSocket that it accepts becomes a session, told by the event "accepted".</summary>
public static class KestrelHost
{
    private static readonly ConcurrentBag<WebApplication> _apps = [];

    public static async Task<object?> StartAsync(Command command)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (command.Cert != null) listen.UseHttps(X509Certificate2.CreateFromPem(command.Cert, command.Key));
        }));
        var app = builder.Build();
        app.UseWebSockets(CreateOptions(command));
        app.Use(async (context, next) =>
        {
            if (context.WebSockets.IsWebSocketRequest)
                await InvokeAsync(context, command);
            else
                await next(context);
        });
        await app.StartAsync();
        _apps.Add(app);
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        return new { url = addresses.Addresses.First().Replace("http", "ws") };
    }

    public static async Task StopAllAsync()
    {
        while (_apps.TryTake(out var app))
        {
            using var soon = new CancellationTokenSource(1000);
            await app.StopAsync(soon.Token);
            await app.DisposeAsync();
        }
    }

    private static WebSocketOptions CreateOptions(Command command)
    {
        var options = new WebSocketOptions();
        if (command.KeepAliveIntervalMs is int interval) options.KeepAliveInterval = TimeSpan.FromMilliseconds(interval);
        if (command.KeepAliveTimeoutMs is int timeout) options.KeepAliveTimeout = TimeSpan.FromMilliseconds(timeout);
        return options;
    }

    private static async Task InvokeAsync(HttpContext context, Command command)
    {
        if (context.Request.Path == "/refused")
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }
        var accept = new WebSocketAcceptContext
        {
            SubProtocol = context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault(command.Protocols.Contains),
            DangerousEnableCompression = command.Deflate != null,
            DisableServerContextTakeover = command.Deflate?.ServerContextTakeover == false,
            ServerMaxWindowBits = command.Deflate?.ServerMaxWindowBits ?? 15,
        };
        var webSocket = await context.WebSockets.AcceptWebSocketAsync(accept);
        var session = new Session(webSocket);
        Report.Event("accepted", new
        {
            id = session.Id,
            states = session.States,
            protocol = webSocket.SubProtocol,
            path = context.Request.Path.Value,
            headers = context.Request.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value.ToString()),
        });
        // the connection lives as long as this request is being handled
        await session.Over;
    }
}
