// ResultCatalogue
