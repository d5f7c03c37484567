// JobExecution
