setup-title = Welcome
setup-welcome = Welcome, { $name }
setup-choose = Choose a password. This link works once.
setup-first = Welcome to Frontdesk
setup-first-help = You are the first one here: you will be the admin who lets the others in. This link works once.
setup-do = Save and go in

password-new = New password
password-again = The same again
password-help = { $count ->
    [one] At least one character.
   *[other] At least { $shown } characters. A few words in a row are easy to remember and hard to guess.
}
fault-name = A name is one word or an e-mail address, with no spaces.
fault-not-again = The two passwords are not the same.
fault-short = That password is too short.
fault-long = That password is too long.
fault-common = That password is one of the first that anybody would try.
fault-old-password = That is not your password.

done-password = The new password is set.
