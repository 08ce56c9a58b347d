# Lo que tiene cada página.
frame-skip = Saltar al contenido
frame-menu = Menú
frame-close = Cerrar
frame-navigation = Principal
frame-look = Aspecto
frame-language = Idioma
frame-sign-out = Cerrar sesión

nav-overview = Resumen
nav-account = Cuenta

theme-system = Como el sistema
theme-light = Claro
theme-dark = Oscuro

role-viewer = Lector
role-rep = Comercial
role-manager = Gestor
role-admin = Administrador
