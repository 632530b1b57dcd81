import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";

export default function AuditPage() {
  return (
    <Page title="Audit">
      <EmptyState title="Not here yet">This page is being built.</EmptyState>
    </Page>
  );
}
