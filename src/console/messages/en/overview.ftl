overview-title = Overview
overview-contacts = Contacts
overview-leads = Leads
overview-orders = Orders
overview-tickets = Tickets
overview-events = Events
overview-waiting = Waiting
