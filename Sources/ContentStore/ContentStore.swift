// ContentStore
