fault-home = To the first page
fault-back = Back to the page
fault-signed-out = Sign in first
fault-signed-out-help = Your session has ended, or you have not signed in yet.
fault-denied = This is not for your role
fault-denied-help = An admin can give you another role, or do it for you.
fault-stale = This form is too old
fault-stale-help = It belongs to a session that has ended, or it was not sent from here. Go back, reload the page and send it again.
fault-missing = There is nothing here
fault-missing-help = The address is wrong, the link was used already, or what it named is gone.
fault-senseless = That cannot be understood
fault-senseless-help = The address or the form says something that this page does not know.
fault-too-many = Too many tries
fault-too-many-help = { $count ->
    [one] Try again in a second.
   *[other] Try again in { $shown } seconds.
}
fault-in-use = Not now
fault-in-use-help = Something else stands in the way:
fault-unavailable = The store cannot be used right now
fault-unavailable-help = Nothing was changed. Try again shortly; the log of the gateway says why.
fault-internal = Something went wrong here
fault-internal-help = It is a fault of ours, not yours. The log of the gateway says why.
