// flanneld: flannel's packages for Kubernetes, VXLAN and iptables under a main program of our own. It has the flags
// that our DaemonSet uses, and flannel's own defaults for everything else.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/flannel-io/flannel/pkg/backend"
	_ "github.com/flannel-io/flannel/pkg/backend/hostgw"
	_ "github.com/flannel-io/flannel/pkg/backend/vxlan"
	"github.com/flannel-io/flannel/pkg/ip"
	"github.com/flannel-io/flannel/pkg/ipmatch"
	"github.com/flannel-io/flannel/pkg/subnet/kube"
	"github.com/flannel-io/flannel/pkg/trafficmngr/iptables"
	"k8s.io/klog/v2"
)

const (
	annotations  = "flannel.alpha.coreos.com"
	networkFile  = "/etc/kube-flannel/net-conf.json"
	subnetFile   = "/run/flannel/subnet.env"
	bridgeFilter = "/proc/sys/net/bridge/bridge-nf-call-iptables"
	// Seconds between two looks at the rules.
	resync = 5
)

func main() {
	masquerade := flag.Bool("ip-masq", false, "masquerade what leaves the pod network")
	kubernetes := flag.Bool("kube-subnet-mgr", false, "take subnets from the nodes of Kubernetes (the only way here)")
	address := flag.String("iface", "", "name or address of the interface that carries the packets")
	klog.InitFlags(nil)
	flag.Parse()
	if !*kubernetes {
		klog.Exit("this build takes subnets from Kubernetes alone: --kube-subnet-mgr")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *masquerade, *address); err != nil {
		klog.Exit(err)
	}
}

func run(ctx context.Context, masquerade bool, address string) error {
	manager, err := kube.NewSubnetManager(ctx, "", "", annotations, networkFile, true)
	if err != nil {
		return fmt.Errorf("no subnet from Kubernetes: %w", err)
	}
	config, err := manager.GetNetworkConfig(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", networkFile, err)
	}
	if _, err := os.Stat(bridgeFilter); err != nil {
		return fmt.Errorf("br_netfilter is not loaded: %w", err)
	}
	family, err := ipmatch.GetIPFamily(config.EnableIPv4, config.EnableIPv6)
	if err != nil {
		return err
	}
	public, _ := manager.GetStoredPublicIP(ctx)
	external, err := ipmatch.LookupExtIface(address, "", "", family, ipmatch.PublicIPOpts{PublicIP: public})
	if err != nil {
		return fmt.Errorf("no interface %s: %w", address, err)
	}
	kind, err := backend.NewManager(ctx, manager, external).GetBackend(config.BackendType)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	network, err := kind.RegisterNetwork(ctx, &group, config)
	if err != nil {
		return fmt.Errorf("backend %s: %w", config.BackendType, err)
	}
	rules := &iptables.IPTablesManager{}
	if err := rules.Init(ctx); err != nil {
		return err
	}
	if masquerade {
		if err := rules.SetupAndEnsureMasqRules(ctx, config.Network, ip.IP4Net{}, ip.IP4Net{},
			config.IPv6Network, ip.IP6Net{}, ip.IP6Net{}, network.Lease(), resync, false); err != nil {
			return err
		}
	}
	rules.SetupAndEnsureForwardRules(ctx, config.Network, config.IPv6Network, resync)
	lease := network.Lease()
	if err := manager.HandleSubnetFile(subnetFile, config, masquerade, lease.Subnet, lease.IPv6Subnet, network.MTU()); err != nil {
		return fmt.Errorf("%s: %w", subnetFile, err)
	}
	klog.Infof("subnet %s on %s", lease.Subnet, external.Iface.Name)
	group.Go(func() { network.Run(ctx) })
	err = manager.CompleteLease(ctx, lease, &group)
	group.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
