a b c
1 2 3
level: 82
x=y,z

foo 10 bar
