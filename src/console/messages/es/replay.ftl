replay-title = Repetir
replay-help = Lo que cambiaría, antes de que cambie nada.
replay-found = { $count ->
    [0] No queda nada por repetir.
    [one] Un evento.
   *[other] { $shown } eventos.
}
replay-changed = { $count ->
    [0] No cambiaría nada.
    [one] Uno de ellos acabaría de otra forma o cambiaría un registro.
   *[other] { $shown } de ellos acabarían de otra forma o cambiarían un registro.
}
replay-stopped = { $count ->
    [one] Uno volvería a quedar parado; abajo se dice por qué.
   *[other] { $shown } volverían a quedar parados; abajo se dice por qué.
}
replay-more = Hay más en la página siguiente; el botón los toma todos.
replay-do = Repetir ahora
replay-back = Volver a la bandeja
replay-next = Lo que cambiarían los siguientes
replay-new = nuevo
replay-before = Antes
replay-after = Después
replay-held = Lo que se retiene como spam se deja entrar, no se repite: lo que encuentre el filtro se procesará como cualquier otro evento.
replay-release-all = Dejarlos entrar
replay-narrow = Di qué eventos: elige al menos punto de entrada, estado, código, tipo o tiempo.
done-replayed = Se están procesando otra vez.
done-not-replayed = No se hizo nada: ya espera, está retenido como spam o su petición ya no existe.
done-released = Dentro: se están procesando.
done-replayed-one = Se está procesando otra vez.
