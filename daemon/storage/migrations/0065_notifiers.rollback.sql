DROP TABLE deliveries;
DROP TABLE notifiers;
