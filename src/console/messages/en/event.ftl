event-title = Event
event-release = Let it in
event-replay = Replay
event-way = Its way
event-field = Field
event-value = Value
event-formula = Made by
event-no-fields = Later events have brought everything that this record now says.
event-request = The request
event-headers = Headers; secrets and signatures are covered
event-bytes = { $count ->
    [one] one byte
   *[other] { $shown } bytes
}
event-cut = The rest is left out.
event-gone = The request was removed when its time to be kept was over; the event can no longer be replayed.
event-delivery = the sender's id

step-received = Received
step-received-from = from { $peer }
step-verified = Verified
step-verified-open = by nobody: whoever knows the URL may post here
step-verified-by = by { $scheme }
step-verified-secret = by { $scheme }, secret number { $nth } of the endpoint
step-noticed = Noticed
step-validated = Not valid
step-pending = Waits for a worker
step-processed = Recorded
step-quarantined = Quarantined
step-failed = Failed
step-ignored = Of no interest

todo-spam = The spam gate holds it. If it is a real inquiry, let it in; if many are, loosen the gate of this endpoint.
todo-schema-violation = The body is not what the schema asks for. Mend the sender, or the schema in your catalog folder, restart, and replay.
todo-mapping-failed = A formula of the mapping could not be worked out. Mend it in your catalog folder, restart, and replay.
todo-answer-violation = The sender's API answered something unexpected. Look whether its version has changed, mend the schema, and replay.
todo-malformed-body = The body is not what its content type says. Compare it with what the sender meant to send.
todo-signature-missing = The sender signs nothing, or something on the way removes the header. Set the secret at the sender.
todo-signature-mismatch = The secret at the sender and here differ, or something on the way changes the body. Compare the secrets; during a change both may stand in the config.
todo-timestamp-out-of-range = The clock of the sender or of this machine is off, or an old request was sent again.
todo-key-invalid = The key in the request is not the one of this endpoint. Copy it again.
todo-address-denied = The address is not on the endpoint's list. Add it if it is the sender's.
todo-origin-denied = The page that posts is not on the endpoint's list. Add its origin if it is yours.
todo-unknown-endpoint = Nobody listens at this name. Correct the URL at the sender, or add the endpoint.
todo-method-not-allowed = Senders post; this was something else.
todo-body-timeout = The body came too slowly. If it happens often, look at the network, or raise server.body_timeout.
todo-body-too-large = The body is larger than allowed. Raise max_body of the endpoint if that is right.
todo-unsupported-media-type = The source does not send this type. Choose the format that the set-up steps name.
todo-rate-limited = It came more often than allowed. Raise rate_limit of the endpoint if that is right.
todo-endpoint-paused = Somebody paused this endpoint. Resume it under Sources; senders come again by themselves.
todo-store-unavailable = The store could not be written; the sender will come again. See the log.
