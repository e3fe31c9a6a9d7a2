"""Names and texts for the phone's content."""

FIRST = (
    "Amira", "Bjorn", "Carla", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Keiko", "Liam", "Mina",
    "Noor", "Oscar", "Priya", "Quentin", "Rosa", "Samir", "Tessa", "Umar", "Vera", "Wendy", "Yusuf", "Zoe",
)  # fmt: skip
LAST = (
    "Alvarez", "Brandt", "Castell", "Dahl", "Egan", "Fischer", "Gupta", "Hansen", "Ibarra", "Jansen", "Kowalski",
    "Lindgren", "Moreau", "Novak", "Okafor", "Petrov", "Quinn", "Rossi", "Sato", "Tanaka", "Ueda", "Varga", "Walsh",
    "Yilmaz", "Zhang",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
TEXTS = (
    "Running ten minutes late", "Did you get the tickets?", "Thanks for dinner!", "The parcel is at the front desk",
    "See you at the station", "Can you bring the charger?", "Happy birthday!", "I left my umbrella at your place",
    "The meeting moved to room 4", "Call me when you can", "We need more coffee", "The plumber comes at noon",
    "Good luck today!", "Is the key under the mat?", "Train is delayed again", "I sent you the photos",
    "Please water the plants", "Lunch on Thursday?", "The dog is fine", "Back home at six", "Great game last night",
    "Which platform is it?", "Got it, thank you", "Do we have enough chairs?",
)  # fmt: skip
NOTES = (
    ("Shopping", "milk\nbread\napples\nrice"), ("Gift ideas", "Board game for Hugo\nScarf for mum"),
    ("Books to read", "The Leopard\nStoner\nMiddlemarch"), ("Wi-Fi at the cabin", "The card is in the kitchen drawer"),
    ("Packing list", "passport\ncharger\nrain jacket"), ("Pancakes", "200 g flour\n3 eggs\n400 ml milk"),
    ("Meeting notes", "Budget is agreed\nNext review in May"), ("Bike repair", "new chain\nbrake pads"),
    ("Garden", "sow the peas in April\ncut the hedge"), ("Quotes", "Well begun is half done."),
    ("Running plan", "Mon 5 km\nThu 8 km\nSun 12 km"), ("Film list", "Ran\nPlaytime\nThe Third Man"),
    ("Car", "Service due in June\nTyres at 2.3 bar"), ("Project names", "Lantern\nHarbour\nJuniper"),
)  # fmt: skip
ALARMS = ("Wake up", "Gym", "Take medicine", "School run", "Feed the cat", "Team call", "Water plants", "Laundry")
EVENTS = (
    "Dentist", "Team meeting", "Yoga class", "Lunch with Ines", "Parents evening", "Car service", "Book club",
    "Piano lesson", "Budget review", "Haircut", "Football training", "Doctor's appointment", "Concert", "Flat viewing",
    "Project kickoff", "Choir practice", "Video call with Oslo", "Swimming", "Farewell drinks", "Tax advice",
)  # fmt: skip
PLACES = ("Main Street 12", "Room 4", "City Hall", "Café Linden", "Online", "Riverside Park")
ARTICLES = (
    (
        "New bridge opens to cyclists",
        "Town",
        "The new bridge opened on {day}. It is {n} metres long and cost {m} million euros.",
    ),
    (
        "Library extends its hours",
        "Town",
        "From {day} the library stays open later. It lent {n} books last week to {m} school classes.",
    ),
    (
        "Storm closes the harbour",
        "Weather",
        "The storm closed the harbour on {day}. About {n} boats stayed in port for {m} hours.",
    ),
    ("Local team wins again", "Sport", "The team won on {day} before {n} spectators, its win number {m} this season."),
    (
        "Bakery wins a prize",
        "Food",
        "The bakery bakes {n} loaves a day with {m} kinds of flour. The prize was given on {day}.",
    ),
    ("School garden in bloom", "Town", "Pupils planted {n} tulips in {m} colours. The garden is open to all on {day}."),
    ("Old cinema to reopen", "Culture", "The cinema has {n} seats and {m} screens. It reopens on {day}."),
    (
        "Ferry gets a new timetable",
        "Travel",
        "The ferry takes {n} passengers and leaves {m} times a day. The new timetable begins on {day}.",
    ),
    ("Record apple harvest", "Food", "Farmers picked {n} tonnes in {m} weeks. The market opens on {day}."),
    (
        "Choir looks for voices",
        "Culture",
        "The choir has {n} members and sings {m} concerts a year. It meets on {day}.",
    ),
    (
        "Night bus line starts",
        "Travel",
        "The night bus serves {n} stops and runs {m} times a night. It starts on {day}.",
    ),
)
PRODUCTS = (
    ("Desk lamp", "light"), ("Candle", "light"), ("Torch", "light"), ("Tea pot", "kitchen"), ("Frying pan", "kitchen"),
    ("Bread knife", "kitchen"), ("Egg timer", "kitchen"), ("Garden hose", "garden"), ("Watering can", "garden"),
    ("Flower pot", "garden"), ("Wool blanket", "home"), ("Door mat", "home"), ("Wall clock", "home"),
    ("Umbrella", "travel"), ("Backpack", "travel"), ("Water bottle", "travel"),
)  # fmt: skip
FILES = (
    ("budget.csv", "month,rent,food\nJanuary,820,310\nFebruary,820,295\n"),
    ("todo.txt", "renew passport\nbook hotel\n"),
    ("recipe.txt", "Lentil soup\n250 g lentils\n2 carrots\n1 onion\n"),
    ("minutes.md", "# Minutes\nNext meeting in May.\n"),
    ("address.txt", "Harbour Lane 7\n1201 Lund\n"),
    ("letter.txt", "Dear neighbour,\nthe lift works again.\n"),
    ("packing.txt", "tent\nstove\nrope\n"),
    ("ideas.txt", "a map of all fountains\n"),
    ("invoice.txt", "Invoice 4471\n120.00\n"),
    ("route.txt", "north gate, mill, old bridge\n"),
    ("contract.txt", "Between the parties it is agreed.\n"),
    ("songs.txt", "Blue Moon\nSummertime\n"),
    ("report.md", "# Report\nAll is well.\n"),
    ("members.csv", "name,since\nRosa,2019\n"),
)
