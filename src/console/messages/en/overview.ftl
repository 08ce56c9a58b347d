overview-title = Overview
overview-help = The last hour, as it happens.
overview-since = since
overview-accepted = Accepted
overview-refused = Refused
overview-quarantined = Quarantined
overview-failed = Failed
overview-waiting = Waiting
overview-oldest = Oldest waits
overview-minutes = Events per minute
overview-quiet = Nothing came in the last hour. Send yourself a sample:
overview-is-accepted = accepted
overview-is-quarantined = quarantined
overview-is-refused = refused
overview-is-processed = processed
overview-bar = { $time }: { $accepted } accepted, { $quarantined } quarantined, { $refused } refused
overview-chart = { $count ->
    [one] Events of each minute of the last hour; one in the busiest.
   *[other] Events of each minute of the last hour; { $shown } in the busiest.
}
overview-most = { $count ->
    [one] busiest: one a minute
   *[other] busiest: { $shown } a minute
}
overview-hour-ago = an hour ago
overview-now = now
overview-endpoint = Endpoint
overview-strangers = no such endpoint
overview-by-source = { $count ->
    [one] Leads by source, today
   *[other] Leads by source, { $shown } days
}
overview-by-rep = { $count ->
    [one] Leads by rep, today
   *[other] Leads by rep, { $shown } days
}
overview-kind-source = Source
overview-kind-rep = Rep
overview-new = New
overview-answered = Answered
overview-response = After
overview-conversion = Converted
overview-nobody = nobody
overview-no-leads = No leads yet. They come with the first form, lead ad or message that an endpoint receives.
overview-contacts = Contacts
overview-leads = Leads
overview-orders = Orders
overview-tickets = Tickets
overview-events = Events
overview-per-minute = Per minute
overview-day = { $day }: { $leads } new
overview-days = { $count ->
    [one] Leads today
   *[other] Leads of the last { $shown } days
}
overview-days-chart = { $count ->
    [one] New leads of each day; one on the busiest.
   *[other] New leads of each day; { $shown } on the busiest.
}
overview-days-ago = { $count ->
    [one] yesterday
   *[other] { $shown } days ago
}
overview-most-a-day = { $count ->
    [one] busiest: one a day
   *[other] busiest: { $shown } a day
}
overview-today = today
overview-response-mean = Answered after

alarm-silence = Nothing comes in any more: { $what }
alarm-quarantine = More than usual is quarantined: { $what }
alarm-mapping = Fields stopped coming: { $what }
alarm-fetch-token = The token for the sender’s API is not accepted: { $what }
alarm-fetch-address = The sender’s API may not be asked: { $what }
alarm-other = Something needs you
overview-deliveries = Deliveries
overview-no-deliveries = Nothing is sent on: no destination is set up. What there would be to send waits in the change feed for the programs that read it.
overview-changes = { $count ->
    [one] There is one change in it:
   *[other] There are { $shown } changes in it:
}
