event-title = Evento
event-release = Dejarlo entrar
event-replay = Repetir
event-way = Su camino
event-field = Campo
event-value = Valor
event-formula = Hecho por
event-no-fields = Eventos posteriores han traído todo lo que dice ahora este registro.
event-request = La petición
event-headers = Cabeceras; los secretos y las firmas están tapados
event-bytes = { $count ->
    [one] un byte
   *[other] { $shown } bytes
}
event-cut = El resto no se muestra.
event-gone = La petición se borró al acabar su tiempo de conservación; el evento ya no se puede repetir.
event-delivery = el id del emisor

step-received = Recibido
step-received-from = desde { $peer }
step-verified = Verificado
step-verified-open = por nadie: quien conoce la URL puede enviar aquí
step-verified-by = por { $scheme }
step-verified-secret = por { $scheme }, secreto número { $nth } del punto de entrada
step-noticed = Se notó
step-validated = No es válido
step-pending = Espera su turno
step-processed = Registrado
step-quarantined = En cuarentena
step-failed = Fallido
step-ignored = Sin interés

todo-spam = El filtro de spam lo retiene. Si es una consulta real, déjala entrar; si son muchas, relaja el filtro de este punto de entrada.
todo-schema-violation = El contenido no es lo que pide el esquema. Corrige el emisor, o el esquema en tu carpeta de catálogo, reinicia y repite.
todo-mapping-failed = Una fórmula no se pudo calcular. Corrígela en tu carpeta de catálogo, reinicia y repite.
todo-answer-violation = La API del emisor respondió algo inesperado. Mira si cambió su versión, corrige el esquema y repite.
todo-malformed-body = El contenido no es lo que dice su tipo. Compáralo con lo que el emisor quería enviar.
todo-signature-missing = El emisor no firma, o algo en el camino quita la cabecera. Pon el secreto en el emisor.
todo-signature-mismatch = El secreto del emisor y el de aquí son distintos, o algo en el camino cambia el contenido. Compara los secretos; durante un cambio pueden estar los dos en la configuración.
todo-timestamp-out-of-range = El reloj del emisor o el de esta máquina va mal, o se envió otra vez una petición vieja.
todo-key-invalid = La clave de la petición no es la de este punto de entrada. Cópiala otra vez.
todo-address-denied = La dirección no está en la lista. Añádela si es la del emisor.
todo-origin-denied = La página que envía no está en la lista. Añade su origen si es tuya.
todo-unknown-endpoint = Nadie escucha con ese nombre. Corrige la URL en el emisor o añade el punto de entrada.
todo-method-not-allowed = Los emisores usan POST; esto era otra cosa.
todo-body-timeout = El contenido llegó demasiado despacio. Si pasa a menudo, mira la red o sube server.body_timeout.
todo-body-too-large = El contenido es mayor de lo permitido. Sube max_body del punto de entrada si es correcto.
todo-unsupported-media-type = La fuente no envía este tipo. Elige el formato que indican los pasos de conexión.
todo-rate-limited = Llegó más a menudo de lo permitido. Sube rate_limit del punto de entrada si es correcto.
todo-endpoint-paused = Alguien pausó este punto de entrada. Reanúdelo en Orígenes; los remitentes vuelven solos.
todo-store-unavailable = No se pudo escribir en la base de datos; el emisor volverá. Mira el registro.
