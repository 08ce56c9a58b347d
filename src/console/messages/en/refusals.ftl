refusals-title = Refused
refusals-help = What was turned away, the newest first. Nothing of it became a record.
refusals-none = Nothing was refused
refusals-none-help = Requests that fail their signature, are too large, too many, or go to an endpoint that does not exist appear here with the reason.
