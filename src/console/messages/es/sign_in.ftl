sign-in-title = Iniciar sesión
sign-in-name = Nombre o correo
sign-in-password = Contraseña
sign-in-do = Entrar
sign-in-wrong = Ese nombre y esa contraseña no van juntos. Revísalos e inténtalo otra vez.
sign-in-forgot = ¿Has olvidado la contraseña? Un administrador puede darte un enlace para elegir otra.
sign-in-nobody = Todavía no puede entrar nadie.
sign-in-nobody-help = Al arrancar, el servidor mostró un enlace que crea al primer administrador. En esa máquina también puedes ejecutar

code-title = Un paso más
code-help = Abre tu aplicación de autenticación y escribe las seis cifras que muestra para Frontdesk.
code-code = Código
code-lost = ¿Has perdido el teléfono? Un administrador puede desactivar los códigos.
fault-code = Ese no es el código de este momento. Espera al siguiente e inténtalo otra vez.
done-session-was-over = La sesión había terminado, así que no se guardó nada. Entra de nuevo; el botón Atrás del navegador quizá conserve lo que escribiste.
