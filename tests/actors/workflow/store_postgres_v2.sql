-- A schema of format 2, made by the last build that wrote it: that of format 1 upgraded.
CREATE SCHEMA recorded;
CREATE TABLE recorded.blobs (
    hash bytea NOT NULL,
    bytes bytea NOT NULL,
    uses bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='80');
ALTER TABLE ONLY recorded.blobs ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE TABLE recorded.cancel_requests (
    run_id bytea NOT NULL,
    reason bytea NOT NULL,
    time_ms bigint NOT NULL,
    checksum bytea NOT NULL
);
CREATE TABLE recorded.dead_letters (
    id bytea NOT NULL,
    number bigint NOT NULL,
    time_ms bigint NOT NULL,
    agent_type bytea NOT NULL,
    agent_key bytea NOT NULL,
    payload_type_url bytea NOT NULL,
    payload bytea NOT NULL,
    idempotency_key bytea NOT NULL,
    failure bytea NOT NULL,
    attempts bigint NOT NULL,
    state integer NOT NULL,
    checksum bytea NOT NULL
);
ALTER TABLE recorded.dead_letters ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME recorded.dead_letters_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE recorded.events (
    run bigint NOT NULL,
    number bigint NOT NULL,
    bytes bytea NOT NULL,
    checksum bytea NOT NULL,
    blob bytea DEFAULT '\x'::bytea NOT NULL,
    blob_at bigint DEFAULT 0 NOT NULL
);
CREATE TABLE recorded.owners (
    owner text NOT NULL,
    session bigint NOT NULL,
    expires_us bigint NOT NULL,
    commits bigint NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE recorded.quarantine (
    number bigint NOT NULL,
    run_id bytea NOT NULL,
    reason bytea NOT NULL,
    time_us bigint NOT NULL,
    source bigint NOT NULL,
    content bytea NOT NULL,
    blob bytea NOT NULL
);
CREATE SEQUENCE recorded.run_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE recorded.run_tags (
    key bytea NOT NULL,
    value bytea NOT NULL,
    started_us bigint NOT NULL,
    run bigint NOT NULL
);
CREATE TABLE recorded.runs (
    number bigint NOT NULL,
    run_id bytea NOT NULL,
    workflow bytea NOT NULL,
    workflow_version bytea NOT NULL,
    status integer NOT NULL,
    started_us bigint NOT NULL,
    closed_us bigint NOT NULL,
    version bigint NOT NULL,
    owner text NOT NULL,
    epoch bigint NOT NULL,
    checksum bytea NOT NULL
)
WITH (fillfactor='80');
CREATE SEQUENCE recorded.signal_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE recorded.signal_requests (
    number bigint NOT NULL,
    id bytea NOT NULL,
    run_id bytea NOT NULL,
    name bytea NOT NULL,
    time_ms bigint NOT NULL,
    checksum bytea NOT NULL,
    payload bytea NOT NULL
);
CREATE TABLE recorded.store_format (
    singleton boolean DEFAULT true NOT NULL,
    application text NOT NULL,
    format bigint NOT NULL,
    CONSTRAINT store_format_singleton_check CHECK (singleton)
);
INSERT INTO recorded.events VALUES (32, 1, '\x0801120b08d8c9a3d80610f8e6fb1c1a9c010a7f0a0474696e79120131220a0a06666f6c64657210012a680a046c697374120a66696c65732e6c6973741a1a74726f7570652e76312e4c69737446696c6573526571756573743a1e0a1c0a06666f6c64657212121a10247b696e707574732e666f6c6465727d521874726f7570652e76312e4c69737446696c65735265706c79120f0a0d0a06666f6c64657212031a01641a0866696e6973686564', '\x47976812f57ec44544120d8215fb1c7a', '\x', 0);
INSERT INTO recorded.events VALUES (32, 2, '\x0802120b08d8c9a3d80610c1a9801d220c0a0a0a046c69737418012001', '\x0881a196df9645248cb5be864dc2ea28', '\x', 0);
INSERT INTO recorded.events VALUES (32, 3, '\x0803120b08d8c9a3d80610fccfa02c2a520a0a0a046c6973741801200112440a2c747970652e676f6f676c65617069732e636f6d2f74726f7570652e76312e4c69737446696c65735265706c7912140a120a07642f612e7478741205612e7478741803', '\x4b1e155d192366682582a05e98271016', '\x', 0);
INSERT INTO recorded.events VALUES (32, 4, '\x0804120b08d8c9a3d80610bec4a22c4200', '\xfa89c8305a47058836b4657e03a1bec4', '\x', 0);
INSERT INTO recorded.events VALUES (64, 1, '\x0801120b08d8c9a3d80610e2d0c17a1a3b0a300a0361736b1201312a260a07617070726f7665521274726f7570652e76312e417070726f76616c7207617070726f76651a0777616974696e67', '\x8002241dbbaaf51cd17a719960349aed', '\x', 0);
INSERT INTO recorded.events VALUES (64, 2, '\x0802120b08d8c9a3d80610afe3c47a72090a07617070726f7665', '\xef9101c83bb69b4caa5b4edc3058cb7e', '\x', 0);
INSERT INTO recorded.owners VALUES ('23109-82ce871648480906', -4630514885957456051, 1795744994184877, 1);
INSERT INTO recorded.runs VALUES (32, '\x66696e6973686564', '\x74696e79', '\x31', 2, 1795744984060748, 1795744984092840, 4, '23096-e417d3922633bc80', 1, '\x462e1b9f421d22bd5325ffd864268429');
INSERT INTO recorded.runs VALUES (64, '\x77616974696e67', '\x61736b', '\x31', 1, 1795744984256927, 0, 2, '23109-82ce871648480906', 1, '\xb6208ed651ee5cd4c5ba6523a0c62718');
INSERT INTO recorded.signal_requests VALUES (1, '\x77616974696e672f32303236313132372d3032303330342d3332382d7a337167', '\x77616974696e67', '\x617070726f7665', 1795744984330, '\x1413d5e34862ef2e35e3740e70dc2567', '\x0a26747970652e676f6f676c65617069732e636f6d2f74726f7570652e76312e417070726f76616c12020801');
INSERT INTO recorded.store_format VALUES (true, 'troupe', 2);
SELECT pg_catalog.setval('recorded.dead_letters_number_seq', 1, false);
SELECT pg_catalog.setval('recorded.run_numbers', 64, true);
SELECT pg_catalog.setval('recorded.signal_numbers', 1, true);
ALTER TABLE ONLY recorded.blobs
    ADD CONSTRAINT blobs_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY recorded.cancel_requests
    ADD CONSTRAINT cancel_requests_pkey PRIMARY KEY (run_id);
ALTER TABLE ONLY recorded.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);
ALTER TABLE ONLY recorded.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (run, number);
ALTER TABLE ONLY recorded.owners
    ADD CONSTRAINT owners_pkey PRIMARY KEY (owner);
ALTER TABLE ONLY recorded.quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (number);
ALTER TABLE ONLY recorded.run_tags
    ADD CONSTRAINT run_tags_pkey PRIMARY KEY (key, value, started_us, run);
ALTER TABLE ONLY recorded.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (number);
ALTER TABLE ONLY recorded.runs
    ADD CONSTRAINT runs_run_id_key UNIQUE (run_id);
ALTER TABLE ONLY recorded.signal_requests
    ADD CONSTRAINT signal_requests_id_key UNIQUE (id);
ALTER TABLE ONLY recorded.signal_requests
    ADD CONSTRAINT signal_requests_pkey PRIMARY KEY (number);
ALTER TABLE ONLY recorded.store_format
    ADD CONSTRAINT store_format_pkey PRIMARY KEY (singleton);
CREATE INDEX dead_letters_by_time ON recorded.dead_letters USING btree (time_ms, number);
CREATE INDEX events_by_blob ON recorded.events USING btree (blob) WHERE (blob <> '\x'::bytea);
CREATE INDEX quarantine_by_blob ON recorded.quarantine USING btree (blob) WHERE (blob <> '\x'::bytea);
CREATE INDEX run_tags_by_run ON recorded.run_tags USING btree (run);
CREATE INDEX runs_by_closing ON recorded.runs USING btree (closed_us) WHERE (closed_us <> 0);
CREATE INDEX runs_by_start ON recorded.runs USING btree (started_us, number);
CREATE INDEX runs_by_status ON recorded.runs USING btree (status, started_us, number);
CREATE INDEX runs_by_workflow ON recorded.runs USING btree (workflow, started_us, number);
CREATE INDEX signal_requests_by_run ON recorded.signal_requests USING btree (run_id);
