replay-title = Replay
replay-help = What would change, before anything does.
replay-found = { $count ->
    [0] Nothing is left to replay.
    [one] One event.
   *[other] { $shown } events.
}
replay-changed = { $count ->
    [0] Nothing would change.
    [one] One of them would end otherwise or change a record.
   *[other] { $shown } of them would end otherwise or change a record.
}
replay-stopped = { $count ->
    [one] One would be stopped again, as is told below.
   *[other] { $shown } would be stopped again, as is told below.
}
replay-more = More follow on the next page; the button takes them all.
replay-do = Replay now
replay-back = Back to the inbox
replay-next = What the next ones would change
replay-new = new
replay-before = Before
replay-after = After
replay-held = What is held as spam is let in, not replayed: what the filter finds will be processed like any other event.
replay-release-all = Let them in
replay-narrow = Say which events: choose at least one of endpoint, status, code, type or time.
done-replayed = They are being mapped once more.
done-not-replayed = Nothing was done: it waits already, is held as spam, or its request is gone.
done-released = Let in: they are being processed.
done-replayed-one = It is being mapped once more.
