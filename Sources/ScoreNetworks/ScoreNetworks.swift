// ScoreNetworks
