/** Where an installation asks who calls: an API key or a token, kept by this tab alone. */

import { Button, PasswordInput } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { signIn } from "@/api/session";
import { useSession } from "@/hooks/use-me";
import iconUrl from "./icon.svg";
import css from "./sign-in.module.css";

export default function SignIn() {
  const { why } = useSession();
  const [credential, setCredential] = useState("");
  useEffect(() => {
    document.title = "Sign in · Haulage";
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (credential.trim()) signIn(credential);
  };
  return (
    <main className={css.page}>
      <form className={css.form} onSubmit={submit} aria-label="Sign in">
        <img src={iconUrl} alt="" width={32} height={32} />
        <h1>Sign in to Haulage</h1>
        {why && (
          <p className={css.why} role="alert">
            {why}
          </p>
        )}
        <PasswordInput
          label="API key or token"
          description="Kept by this tab until it is closed; sent to this API alone."
          placeholder="hlg_…"
          value={credential}
          onChange={(event) => setCredential(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          autoFocus
        />
        <Button type="submit" size="sm" disabled={!credential.trim()} fullWidth>
          Sign in
        </Button>
        <p className="muted">
          <code>haulage up --auth</code> prints a key; <code>haulage keys create</code> makes more.
        </p>
      </form>
    </main>
  );
}
