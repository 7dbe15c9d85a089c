namespace Tailrace.Simulation.Scenarios.Http;

/// <summary>How a body is framed.</summary>
internal enum PlanFraming
{
    None,
    Length,
    Chunked,
    UntilClose,
}

/// <summary>What an origin does wrong.</summary>
internal enum OriginFlaw
{
    None,
    CloseBeforeRequest,
    CloseBeforeAnswer,
    CutHead,
    CutBody,
    ResetBody,
    Silent,
    Garbage,
    EarlyAnswer,
    Unavailable,
}

/// <summary>What a client does wrong.</summary>
internal enum ClientFlaw
{
    None,
    CloseInRequest,
    ResetInRequest,
    StallInRequest,
    CloseInAnswer,
    ResetInAnswer,
}

/// <summary>One exchange as it is meant to go: what is asked, what is answered, and who does what wrong.</summary>
/// <remarks>
/// Client and origin both follow it, so that each can check what the proxy made of the other's bytes.
/// </remarks>
internal sealed class HttpPlan
{
    private const int FillerFieldsMax = 8;

    private HttpPlan(long id) => Id = id;

    /// <summary>Its number: in the target, in a field of both heads, and in every byte of both bodies.</summary>
    internal long Id { get; }

    internal string Method { get; private init; } = "GET";

    internal bool IsHttp10 { get; private init; }

    internal bool ExpectsContinue { get; private init; }

    internal bool ClosesAfterwards { get; private init; }

    internal PlanFraming RequestFraming { get; private init; }

    internal int RequestBytes { get; private init; }

    internal int Status { get; private init; }

    internal PlanFraming AnswerFraming { get; private init; }

    internal int AnswerBytes { get; private init; }

    internal bool HasInterim { get; private init; }

    internal bool HasTrailers { get; private init; }

    internal bool IsOriginHttp10 { get; private init; }

    internal bool OriginCloses { get; private init; }

    internal int DelayMs { get; private init; }

    internal bool ReadsSlowly { get; private init; }

    internal OriginFlaw OriginFlaw { get; private init; }

    internal ClientFlaw ClientFlaw { get; private init; }

    /// <summary>After how many bytes a flaw shows.</summary>
    internal int FlawAt { get; private init; }

    /// <summary>Whether the origin does better when it is asked a second time.</summary>
    internal bool RecoversOnRetry { get; private init; }

    /// <summary>Fields that mean nothing, for the request and for the answer.</summary>
    internal string Filler { get; private init; } = "";

    /// <summary>How often the origin has read its head.</summary>
    internal int Arrivals { get; set; }

    /// <summary>Whether the client has sent all of the request.</summary>
    internal bool IsSent { get; set; }

    /// <summary>Whether somebody does something wrong on purpose.</summary>
    internal bool IsFlawed => OriginFlaw != OriginFlaw.None || ClientFlaw != ClientFlaw.None || MayBeSick;

    /// <summary>Whether it may come to an origin that does wrong, and nobody makes up for that.</summary>
    internal bool MayBeSick { get; set; }

    /// <summary>Whether the answer has no body whatever its head says.</summary>
    internal bool IsBodyless => Method == "HEAD" || Status is 204 or 304;

    /// <summary>How often the origin may see it: twice only where that is the same as once.</summary>
    internal int ArrivalsMax => (Resends + 1) * (1 + (IsReplayable ? 1 : 0) + (IsRepeatable ? RetriesMax : 0));

    /// <summary>How often the proxy may send it to another origin.</summary>
    internal int RetriesMax { get; set; }

    /// <summary>Whether it is one that may be sent to another origin at all.</summary>
    internal bool IsRepeatable => RequestFraming != PlanFraming.Chunked && Method is not ("POST" or "PATCH");

    /// <summary>Whether it can be sent again whatever has been read of it.</summary>
    internal bool IsReplayable => IsRepeatable && RequestFraming == PlanFraming.None;

    /// <summary>How often the client has sent it again, not knowing what became of it.</summary>
    internal int Resends { get; set; }

    /// <summary>The bytes of the request's body are those of this id.</summary>
    internal long RequestPayload => Id * 2;

    /// <summary>The bytes of the answer's body are those of this id.</summary>
    internal long AnswerPayload => Id * 2 + 1;

    /// <summary>Draws a plan.</summary>
    internal static HttpPlan Draw(SimWorld world, long id, bool flawedClient, bool flawedOrigin)
    {
        var random = world.Random;
        var isHttp10 = random.Chance(80);
        var hasBody = random.Chance(400);
        var status = random.Below(8) switch { 0 => 204, 1 => 304, 2 => 404, 3 => 503, _ => 200 };
        var answer = random.Below(5) switch
        {
            0 or 1 => PlanFraming.Chunked,
            2 => PlanFraming.UntilClose,
            _ => PlanFraming.Length,
        };
        var request = isHttp10 || random.Chance(500) ? PlanFraming.Length : PlanFraming.Chunked;
        if (status is 204 or 304) answer = PlanFraming.None;
        var isOriginHttp10 = answer is PlanFraming.UntilClose or PlanFraming.Length && random.Chance(100);
        var bodyMax = world.Conditions.BodyBytesMax;
        return new HttpPlan(id)
        {
            Method = hasBody ? Pick("POST", "PUT", "PATCH") : Pick("GET", "GET", "HEAD", "DELETE", isHttp10 ? "PUT" : "POST"),
            IsHttp10 = isHttp10,
            ExpectsContinue = hasBody && !isHttp10 && random.Chance(200),
            ClosesAfterwards = random.Chance(100),
            RequestFraming = hasBody ? request : PlanFraming.None,
            RequestBytes = hasBody ? random.Length(bodyMax) : 0,
            Status = status,
            AnswerFraming = answer,
            AnswerBytes = answer == PlanFraming.None ? 0 : random.Length(bodyMax),
            HasInterim = !isOriginHttp10 && random.Chance(100),
            HasTrailers = random.Chance(300),
            IsOriginHttp10 = isOriginHttp10,
            OriginCloses = answer == PlanFraming.UntilClose || random.Chance(100),
            DelayMs = random.Chance(200) ? random.Below(1000) : 0,
            ReadsSlowly = random.Chance(100),
            OriginFlaw = flawedOrigin && random.Chance(250) ? (OriginFlaw)random.Between(1, 8) : OriginFlaw.None,
            ClientFlaw = flawedClient && random.Chance(250) ? (ClientFlaw)random.Between(1, 5) : ClientFlaw.None,
            FlawAt = random.Length(bodyMax),
            RecoversOnRetry = random.Chance(500),
            Filler = DrawFiller(random),
        };

        string Pick(params ReadOnlySpan<string> methods) => methods[random.Below(methods.Length)];
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"exchange {Id} ({Method}{(IsHttp10 ? " 1.0" : "")} {RequestFraming}:{RequestBytes}"
        + $" -> {Status} {AnswerFraming}:{AnswerBytes}, origin {OriginFlaw}, client {ClientFlaw}, at {FlawAt})";

    private static string DrawFiller(SimRandom random)
    {
        var fields = "";
        for (var i = random.Below(FillerFieldsMax); i > 0; i--)
            fields += $"X-Filler-{i}: {new string((char)('a' + i), random.Below(120))}\r\n";
        return fields;
    }
}
