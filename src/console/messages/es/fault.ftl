fault-home = A la primera página
fault-back = Volver a la página
fault-signed-out = Primero inicia sesión
fault-signed-out-help = Tu sesión ha terminado, o todavía no has entrado.
fault-denied = Esto no es para tu función
fault-denied-help = Un administrador puede darte otra función, o hacerlo por ti.
fault-stale = Este formulario es demasiado viejo
fault-stale-help = Pertenece a una sesión que ya terminó, o no se envió desde aquí. Vuelve atrás, recarga la página y envíalo de nuevo.
fault-missing = Aquí no hay nada
fault-missing-help = La dirección está mal, el enlace ya se usó, o lo que nombraba ya no existe.
fault-senseless = Eso no se entiende
fault-senseless-help = La dirección o el formulario dicen algo que esta página no conoce.
fault-too-many = Demasiados intentos
fault-too-many-help = { $count ->
    [one] Inténtalo de nuevo en un segundo.
   *[other] Inténtalo de nuevo en { $shown } segundos.
}
fault-in-use = Ahora no
fault-in-use-help = Otra cosa lo impide:
fault-unavailable = Ahora mismo no se puede usar la base de datos
fault-unavailable-help = No se ha cambiado nada. Inténtalo dentro de un momento; el registro del servidor dice por qué.
fault-internal = Algo ha salido mal aquí
fault-internal-help = Es un fallo nuestro, no tuyo. El registro del servidor dice por qué.
