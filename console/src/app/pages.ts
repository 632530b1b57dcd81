/** Every page: where it is, what it is called, who may see it. The router and the navigation read this. */

import {
  Activity,
  Ban,
  CalendarClock,
  Coins,
  Gauge,
  History,
  KeyRound,
  Layers,
  ListTree,
  type LucideIcon,
  Send,
  Server,
  Webhook,
} from "lucide-react";
import type { ComponentType } from "react";
import { askForJobs } from "@/hooks/use-jobs";
import type { Scope } from "@/hooks/use-me";
import type { UrlState } from "@/hooks/use-url-state";

export type Page = {
  path: string;
  label: string;
  load: () => Promise<{ default: ComponentType }>;
  /** Asks for what it shows first: what one comes to by its address begins with that. */
  ask?: (search: UrlState) => void;
  /** Where it stands in the navigation; pages without are reached from others. */
  icon?: LucideIcon;
  group?: "Work" | "System" | "Account";
  /** One of these is needed to see it. */
  scopes?: Scope[];
  /** `g` and this key. */
  key?: string;
};

export const PAGES: Page[] = [
  {
    path: "/",
    label: "Overview",
    icon: Activity,
    group: "Work",
    key: "o",
    load: () => import("@/pages/overview"),
  },
  {
    path: "/jobs",
    label: "Jobs",
    icon: ListTree,
    group: "Work",
    key: "j",
    load: () => import("@/pages/jobs"),
    ask: askForJobs,
  },
  { path: "/jobs/$jobId", label: "Job", load: () => import("@/pages/job") },
  {
    path: "/submit",
    label: "Submit",
    icon: Send,
    group: "Work",
    key: "s",
    scopes: ["submit"],
    load: () => import("@/pages/submit"),
  },
  {
    path: "/dead-letters",
    label: "Dead letters",
    icon: Ban,
    group: "Work",
    key: "d",
    load: () => import("@/pages/dead-letters"),
  },
  {
    path: "/schedules",
    label: "Schedules",
    icon: CalendarClock,
    group: "Work",
    key: "c",
    load: () => import("@/pages/schedules"),
  },
  {
    path: "/queues",
    label: "Queues",
    icon: Layers,
    group: "System",
    key: "q",
    load: () => import("@/pages/queues"),
  },
  {
    path: "/workers",
    label: "Workers",
    icon: Server,
    group: "System",
    key: "w",
    load: () => import("@/pages/workers"),
  },
  {
    path: "/limits",
    label: "Limits",
    icon: Gauge,
    group: "System",
    key: "l",
    load: () => import("@/pages/limits"),
  },
  {
    path: "/webhooks",
    label: "Webhooks",
    icon: Webhook,
    group: "System",
    key: "h",
    load: () => import("@/pages/webhooks"),
  },
  {
    path: "/credits",
    label: "Credits",
    icon: Coins,
    group: "Account",
    key: "r",
    load: () => import("@/pages/credits"),
  },
  {
    path: "/keys",
    label: "Keys",
    icon: KeyRound,
    group: "Account",
    key: "k",
    scopes: ["admin"],
    load: () => import("@/pages/keys"),
  },
  {
    path: "/audit",
    label: "Audit",
    icon: History,
    group: "Account",
    key: "a",
    scopes: ["admin"],
    load: () => import("@/pages/audit"),
  },
];
