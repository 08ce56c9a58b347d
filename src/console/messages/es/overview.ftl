overview-title = Resumen
overview-contacts = Contactos
overview-leads = Oportunidades
overview-orders = Pedidos
overview-tickets = Incidencias
overview-events = Eventos
overview-waiting = En espera
