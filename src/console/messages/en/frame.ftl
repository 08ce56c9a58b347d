# What every page has.
frame-skip = Skip to the page
frame-menu = Menu
frame-close = Close
frame-navigation = Main
frame-look = Look
frame-language = Language
frame-sign-out = Sign out

nav-overview = Overview
nav-account = Account

theme-system = As the system
theme-light = Light
theme-dark = Dark

role-viewer = Viewer
role-rep = Sales rep
role-manager = Manager
role-admin = Admin
