/** Endpoints that are told of jobs; one opens into what it was told. */

import { useUrlState } from "@/hooks/use-url-state";
import { Endpoints } from "./endpoints";
import { OneEndpoint } from "./one-endpoint";

export default function WebhooksPage() {
  const [{ webhook }] = useUrlState();
  return webhook ? <OneEndpoint id={webhook} /> : <Endpoints />;
}
