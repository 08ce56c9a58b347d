overview-title = Resumen
overview-help = La última hora, según ocurre.
overview-since = desde
overview-accepted = Aceptados
overview-refused = Rechazados
overview-quarantined = En cuarentena
overview-failed = Fallidos
overview-waiting = En espera
overview-oldest = El más antiguo espera
overview-minutes = Eventos por minuto
overview-quiet = No ha llegado nada en la última hora. Envíate un ejemplo:
overview-is-accepted = aceptados
overview-is-quarantined = en cuarentena
overview-is-refused = rechazados
overview-is-processed = procesados
overview-bar = { $time }: { $accepted } aceptados, { $quarantined } en cuarentena, { $refused } rechazados
overview-chart = { $count ->
    [one] Eventos de cada minuto de la última hora; uno en el de más trabajo.
   *[other] Eventos de cada minuto de la última hora; { $shown } en el de más trabajo.
}
overview-most = { $count ->
    [one] máximo: uno por minuto
   *[other] máximo: { $shown } por minuto
}
overview-hour-ago = hace una hora
overview-now = ahora
overview-endpoint = Punto de entrada
overview-strangers = no existe
overview-by-source = { $count ->
    [one] Leads por origen, hoy
   *[other] Leads por origen, { $shown } días
}
overview-by-rep = { $count ->
    [one] Leads por comercial, hoy
   *[other] Leads por comercial, { $shown } días
}
overview-kind-source = Origen
overview-kind-rep = Comercial
overview-new = Nuevos
overview-answered = Atendidos
overview-response = Tras
overview-conversion = Convertidos
overview-nobody = nadie
overview-no-leads = Aún no hay leads. Llegan con el primer formulario, anuncio o mensaje que reciba un punto de entrada.
overview-contacts = Contactos
overview-leads = Leads
overview-orders = Pedidos
overview-tickets = Tickets
overview-events = Eventos
overview-per-minute = Por minuto
overview-day = { $day }: { $leads } nuevos
overview-days = { $count ->
    [one] Leads de hoy
   *[other] Leads de los últimos { $shown } días
}
overview-days-chart = { $count ->
    [one] Leads nuevos de cada día; uno en el de más movimiento.
   *[other] Leads nuevos de cada día; { $shown } en el de más movimiento.
}
overview-days-ago = { $count ->
    [one] ayer
   *[other] hace { $shown } días
}
overview-most-a-day = { $count ->
    [one] el máximo: uno al día
   *[other] el máximo: { $shown } al día
}
overview-today = hoy
overview-response-mean = Atendidos en

alarm-silence = Ya no llega nada: { $what }
alarm-quarantine = Se pone en cuarentena más de lo normal: { $what }
alarm-mapping = Dejaron de llegar campos: { $what }
alarm-fetch-token = La API del remitente no acepta el token: { $what }
alarm-fetch-address = No se puede consultar la API del remitente: { $what }
alarm-other = Algo necesita atención
overview-deliveries = Entregas
overview-no-deliveries = No se envía nada: no hay ningún destino configurado. Lo que habría que enviar espera en el registro de cambios a los programas que lo leen.
overview-changes = { $count ->
    [one] Contiene un cambio:
   *[other] Contiene { $shown } cambios:
}
