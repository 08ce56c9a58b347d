merge-title = Fusionar
merge-into = Fusionar a alguien con { $name }
merge-help = Dos entradas de una persona pasan a ser una. Se puede deshacer.
merge-who = ¿Quién es la misma persona?
merge-find = Busca la otra entrada por nombre, empresa, dirección o número.
merge-choose-one = ¿Cuál?
merge-look = Cómo quedaría
merge-kept = Se conserva:
merge-other = Se absorbe, con todo lo suyo:
merge-leads = { $count ->
    [one] se mueve un lead
   *[other] se mueven { $shown } leads
}
merge-orders = { $count ->
    [one] se mueve un pedido
   *[other] se mueven { $shown } pedidos
}
merge-tickets = { $count ->
    [one] se mueve un ticket
   *[other] se mueven { $shown } tickets
}
merge-alike = Los dos dicen lo mismo.
merge-this = Este
merge-that = El otro
merge-becomes = Queda
merge-choose = Gana lo más reciente, campo por campo, como si hubieran sido uno desde el principio. Lo que elijas distinto queda bloqueado.
merge-do = Fusionar
merge-swap = Conservar el otro
done-merged = Los dos son uno. Puedes deshacerlo aquí.
done-unmerged = Vuelven a ser dos. Lo que llegó desde entonces se quedó con este.
duplicates-help = Contactos de los que la pasarela no estaba segura: sus claves no coinciden.
duplicates-none = No hay nada que decidir
duplicates-none-help = Cuando dos entradas puedan ser una persona, y la pasarela no lo sepa, aparecerán aquí.
