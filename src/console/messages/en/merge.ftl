merge-title = Merge
merge-into = Merge somebody into { $name }
merge-help = Two entries of one person become one. It can be undone.
merge-who = Who is the same person?
merge-find = Search for the other entry by name, company, address or number.
merge-choose-one = Which one?
merge-look = How it would look
merge-kept = Kept:
merge-other = Taken into it, with everything that belongs to it:
merge-leads = { $count ->
    [one] one lead moves
   *[other] { $shown } leads move
}
merge-orders = { $count ->
    [one] one order moves
   *[other] { $shown } orders move
}
merge-tickets = { $count ->
    [one] one ticket moves
   *[other] { $shown } tickets move
}
merge-alike = The two say the same.
merge-this = This one
merge-that = The other
merge-becomes = Becomes
merge-choose = Later news wins, field by field, as if the two had been one from the beginning. What you choose otherwise is locked.
merge-do = Merge
merge-swap = Keep the other one
done-merged = The two are one. You can undo it here.
done-unmerged = The two are two again. What came since then stayed with this one.
duplicates-help = Contacts of which the gateway was not sure: their keys disagree.
duplicates-none = Nothing to decide
duplicates-none-help = When two entries may be one person, and the gateway cannot tell, they appear here.
