refusals-title = Rechazado
refusals-help = Lo que se rechazó, primero lo más nuevo. Nada de ello llegó a ser un registro.
refusals-none = No se ha rechazado nada
refusals-none-help = Aquí aparecen, con su motivo, las peticiones cuya firma falla, que son demasiado grandes o demasiadas, o que van a un punto de entrada que no existe.
