namespace Tailrace.Simulation.Scenarios;

/// <summary>Something that happens in a simulated world, with what must hold of it.</summary>
/// <param name="name">What it is called on the command line.</param>
/// <param name="faulty">Whether the network may also fail; if not, nothing may.</param>
internal abstract class Scenario(string name, bool faulty)
{
    /// <summary>All of them.</summary>
    internal static IReadOnlyList<Scenario> All { get; } =
    [
        new EchoScenario("echo", faulty: false),
        new EchoScenario("echo-faulty", faulty: true),
        new RelayScenario("relay", faulty: false),
        new RelayScenario("relay-faulty", faulty: true),
        new TcpScenario("tcp", faulty: false),
        new TcpScenario("tcp-resets", faulty: false, resets: true),
        new TcpScenario("tcp-faulty", faulty: true, resets: true),
        new TcpScenario("tcp-stop", faulty: false, stops: true),
        new UdpScenario("udp", faulty: false),
        new UdpScenario("udp-faulty", faulty: true),
        new UdpScenario("udp-stop", faulty: false, stops: true),
        new TunnelScenario("upgrade", faulty: false, isConnect: false),
        new TunnelScenario("upgrade-faulty", faulty: true, isConnect: false),
        new TunnelScenario("connect", faulty: false, isConnect: true),
        new TunnelScenario("connect-faulty", faulty: true, isConnect: true),
        new ProxyScenario("proxy", faulty: false, flawed: false),
        new ProxyScenario("proxy-flawed", faulty: false, flawed: true),
        new ProxyScenario("proxy-faulty", faulty: true, flawed: true),
        new ProxyScenario("proxy-stop", faulty: false, flawed: false, stops: true),
        new RetryScenario("retry", faulty: false),
        new RetryScenario("retry-faulty", faulty: true),
        new HedgeScenario("hedge", faulty: false, flawed: false),
        new HedgeScenario("hedge-faulty", faulty: true, flawed: true),
        new HedgeScenario("hedge-stop", faulty: false, flawed: false, stops: true),
        new MirrorScenario("mirror", faulty: false, flawed: false),
        new MirrorScenario("mirror-faulty", faulty: true, flawed: true),
        new MirrorScenario("mirror-stop", faulty: false, flawed: false, stops: true),
        new HandlerScenario("handler", faulty: false, flawed: false),
        new HandlerScenario("handler-flawed", faulty: false, flawed: true),
        new HandlerScenario("handler-faulty", faulty: true, flawed: true),
        new HandlerScenario("handler-stop", faulty: false, flawed: false, stops: true),
    ];

    /// <summary>What it is called on the command line.</summary>
    internal string Name => name;

    /// <summary>Whether the network may also fail.</summary>
    internal bool IsFaulty => faulty;

    /// <summary>Lets it happen.</summary>
    /// <exception cref="SimFailure">Something does not hold.</exception>
    internal abstract void Run(SimWorld world);

    /// <summary>The network it happens on.</summary>
    internal SimConditions Conditions(SimRandom random) =>
        faulty ? SimConditions.Faulty(random) : SimConditions.Lossless(random);
}
