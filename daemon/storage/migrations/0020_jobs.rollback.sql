DROP TABLE daily_reports;
DROP TABLE closes;
DROP TABLE rule_states;
DROP TABLE job_runs;
