DROP TABLE calendars;
DROP TABLE sessions;
