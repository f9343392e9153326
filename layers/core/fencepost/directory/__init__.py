"""Users, groups, projects and entry screens."""
