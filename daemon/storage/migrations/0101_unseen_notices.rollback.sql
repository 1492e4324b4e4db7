DROP INDEX IF EXISTS notices_unseen;
