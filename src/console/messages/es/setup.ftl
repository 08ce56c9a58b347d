setup-title = Te damos la bienvenida
setup-welcome = Hola, { $name }
setup-choose = Elige una contraseña. Este enlace solo sirve una vez.
setup-first = Frontdesk te da la bienvenida
setup-first-help = Eres la primera persona aquí: administrarás quién más puede entrar. Este enlace solo sirve una vez.
setup-do = Guardar y entrar

password-new = Contraseña nueva
password-again = La misma otra vez
password-help = { $count ->
    [one] Al menos un carácter.
   *[other] Al menos { $shown } caracteres. Unas cuantas palabras seguidas son fáciles de recordar y difíciles de adivinar.
}
fault-name = El nombre es una sola palabra o un correo, sin espacios.
fault-not-again = Las dos contraseñas no son iguales.
fault-short = Esa contraseña es demasiado corta.
fault-long = Esa contraseña es demasiado larga.
fault-common = Esa contraseña es de las primeras que probaría cualquiera.
fault-old-password = Esa no es tu contraseña.

done-password = La contraseña nueva ya está puesta.
