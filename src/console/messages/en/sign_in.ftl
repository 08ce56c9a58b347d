sign-in-title = Sign in
sign-in-name = Name or e-mail
sign-in-password = Password
sign-in-do = Sign in
sign-in-wrong = That name and password do not belong together. Check both and try again.
sign-in-forgot = Forgot your password? An admin can give you a link to choose a new one.
sign-in-nobody = Nobody can sign in yet.
sign-in-nobody-help = The gateway printed a link when it started: it makes the first admin. On the machine you can also run

code-title = One more step
code-help = Open your authenticator app and type the six digits it shows for Frontdesk.
code-code = Code
code-lost = Lost your phone? An admin can switch the codes off.
fault-code = That is not the code of this moment. Wait for the next one and try again.
done-session-was-over = Your session had ended, so nothing was saved. Sign in again; your browser’s Back button may still have what you typed.
