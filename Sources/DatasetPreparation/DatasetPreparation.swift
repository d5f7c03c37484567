// DatasetPreparation
