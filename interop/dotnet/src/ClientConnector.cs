using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;

namespace Hawser.Interop;

/// <summary>Opens a ClientWebSocket with the options that a command asks for.</summary>
public static class ClientConnector
{
    public static async Task<object?> ConnectAsync(Command command)
    {
#pragma warning disable SYSLIB0014 // as the original samples do it
        if (command.TrustAll) ServicePointManager.ServerCertificateValidationCallback += (sender, certificate, chain, sslPolicyErrors) => true;
#pragma warning restore SYSLIB0014
        // each ClientWebSocket connects once
        var client = new ClientWebSocket();
        Configure(client.Options, command);
        var session = new Session(client);
        command.Id = session.Id;
        try
        {
            var connecting = client.ConnectAsync(new Uri(command.Url), CancellationToken.None);
            session.NoteState();
            await connecting;
        }
        finally
        {
            session.NoteState();
        }
        return new
        {
            id = session.Id,
            states = session.States,
            protocol = client.SubProtocol,
            status = (int)client.HttpStatusCode,
            headers = client.HttpResponseHeaders?.ToDictionary(header => header.Key.ToLowerInvariant(), header => string.Join(", ", header.Value)),
        };
    }

    private static void Configure(ClientWebSocketOptions options, Command command)
    {
        options.CollectHttpResponseDetails = true;
        foreach (string protocol in command.Protocols) options.AddSubProtocol(protocol);
        foreach (var (name, value) in command.Headers) options.SetRequestHeader(name, value);
        if (command.Cookies.Count > 0)
        {
            var site = new UriBuilder(command.Url) { Scheme = "http" }.Uri;
            options.Cookies = new CookieContainer();
            foreach (var (name, value) in command.Cookies) options.Cookies.Add(site, new Cookie(name, value));
        }
        if (command.UserName != null) options.Credentials = new NetworkCredential(command.UserName, command.Password);
        if (command.KeepAliveIntervalMs is int interval) options.KeepAliveInterval = TimeSpan.FromMilliseconds(interval);
        if (command.KeepAliveTimeoutMs is int timeout) options.KeepAliveTimeout = TimeSpan.FromMilliseconds(timeout);
        if (command.Deflate is { } deflate)
        {
            options.DangerousDeflateOptions = new WebSocketDeflateOptions
            {
                ServerContextTakeover = deflate.ServerContextTakeover,
                ClientContextTakeover = deflate.ClientContextTakeover,
                ServerMaxWindowBits = deflate.ServerMaxWindowBits,
                ClientMaxWindowBits = deflate.ClientMaxWindowBits,
            };
        }
        if (command.Fingerprint != null)
        {
            // a self-signed certificate is trusted by its fingerprint, not by ignoring every error
            options.RemoteCertificateValidationCallback = (sender, certificate, chain, sslPolicyErrors) =>
                certificate?.GetCertHashString(HashAlgorithmName.SHA256) == command.Fingerprint;
        }
    }
}
