"""What is true of geofences and clocks, whoever asks and wherever they are kept. Pure: no AWS, no HTTP, no clock."""
