-- The api's own table, the one that knows a person (D13). A user's id is the number of the account.
CREATE TABLE users (
  user_id bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
  email text NOT NULL UNIQUE CHECK (email = lower(email)),
  password_hash text NOT NULL,
  role text NOT NULL CHECK (role IN ('USER', 'ADMIN')),
  created_at bigint NOT NULL
);
