-- Facts and trace of a decision, packed together: see account.rs. Of such a row `trace` is empty and `facts` null.
ALTER TABLE decision ADD COLUMN account BLOB;
