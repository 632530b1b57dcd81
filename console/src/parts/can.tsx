/** Shows its children to those who may use them. */

import type { ReactNode } from "react";
import { type Scope, useMay } from "@/hooks/use-me";

export function Can({ scope, children }: { scope: Scope | Scope[]; children: ReactNode }) {
  const may = useMay();
  return may(...[scope].flat()) ? children : null;
}
