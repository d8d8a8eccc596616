#!/usr/bin/env bash
# Bootstrap of the cluster dojot-10k: run with --help. The runbook is bootstrap/README.md.
# Generated from the inventory: change that and compile again, not this file.
set -euo pipefail

# ---- values of the inventory
readonly CLUSTER_NAME=dojot-10k
readonly GROUP_LABEL=dojot.components/group
readonly OS_NAME=ubuntu
readonly OS_VERSION=24.04
readonly NEEDRESTART_FOLDER=/etc/needrestart/conf.d
readonly RUNTIME_NAME=containerd
readonly RUNTIME_SERVICE=containerd
readonly RUNTIME_OPEN_FILES=1048576
readonly RUNTIME_MIRROR=''
readonly KUBERNETES_VERSION=v1.36.5
readonly KUBERNETES_FROM=packages
readonly POLICY_API=policy/v1
readonly CNI_PLUGINS_URL=''
readonly CNI_PLUGINS_SHA256=''
readonly FIREWALL_ENABLED=true
readonly KUBELET_CONFIG_MAP=kubelet-config
readonly AUDIT_POLICY_FILE=/etc/kubernetes/apiserver/audit-policy-e945bd4f.yml
readonly ENCRYPTION_FILE=/etc/kubernetes/apiserver/encryption.yml
readonly ENCRYPTION_PROVIDER=secretbox
readonly JOIN_TOKEN_TTL=30m
readonly API_HOST=172.18.0.10
readonly ARGOCD_EXISTING=false
readonly ARGOCD_VERSION=v3.5.6
readonly ARGOCD_NAMESPACE=argocd
readonly ARGOCD_LABEL=dojot
readonly ARGOCD_MANIFEST_URL=https://raw.githubusercontent.com/argoproj/argo-cd/v3.5.6/manifests/install.yaml
readonly ARGOCD_MANIFEST_SHA256=846c644bc81ce5557dd9048757a9c7353378f25c5eb811c77d32a9e907823599
readonly ARGOCD_SERVER_SIDE=true
readonly SHARED_ADDRESS=''
readonly NODE_EXPORTER_PACKAGE=prometheus-node-exporter
readonly NODE_EXPORTER_PORT=9100
readonly LOAD_BALANCER_OPEN_FILES=64096
readonly KUBERNETES_REPOSITORY='https://pkgs.k8s.io/core:/stable:/v1.36/deb/|/||https://pkgs.k8s.io/core:/stable:/v1.36/deb/Release.key|DE15B14486CD377B9E876E1A234654DA9A296436'
readonly RUNTIME_REPOSITORY='https://download.docker.com/linux/ubuntu|noble|stable|https://download.docker.com/linux/ubuntu/gpg|9DC858229FC7DD38854AE2D88D81803C0EBFCD88'
readonly HAPROXY_REPOSITORY='https://ppa.launchpadcontent.net/vbernat/haproxy-3.2/ubuntu|noble|main|https://keyserver.ubuntu.com/pks/lookup?op=get&search=0x3D653970FBAB0A890E4E4E9A0F14D8B0CF4EFE96|3D653970FBAB0A890E4E4E9A0F14D8B0CF4EFE96'
readonly HAPROXY_CONFIG=/etc/haproxy/haproxy.cfg
readonly HAPROXY_CONFIG_END='# End of haproxy.cfg: a file without this line is not whole.'
readonly HAPROXY_CERTIFICATE=/etc/haproxy/dojot.pem
readonly HAPROXY_CERTIFICATE_NAME=mqtt.example.com
readonly HAPROXY_SYSCTL=/etc/sysctl.d/99-dojot-haproxy.conf
readonly HAPROXY_UNIT_LIMITS=/etc/systemd/system/haproxy.service.d/limits.conf
readonly HAPROXY_ADMIN_SOCKET=/run/haproxy/admin.sock
readonly HAPROXY_HARD_STOP_AFTER=1800
readonly HAPROXY_MAX_RELOADS=2
readonly SESSION_LIFETIME=1500
readonly NODES=(
  'control|172.18.0.10|control-plane|control-plane'
  'dojot|172.18.0.11|worker|dojot'
  'kafka|172.18.0.12|worker|kafka'
  'x509|172.18.0.13|worker|x509'
  'verne-1|172.18.0.21|worker|vernemq'
  'verne-2|172.18.0.22|worker|vernemq'
  'verne-3|172.18.0.23|worker|vernemq'
)
readonly LOAD_BALANCERS=(
  'haproxy|172.18.0.5|load-balancer|'
)
readonly DISKS=(
  'dojot|1000|/mnt/data/kafka_ws'
  'dojot|100|/mnt/data/kong'
  'dojot|999|/mnt/data/mongodb'
  'dojot|70|/mnt/data/postgres'
  'dojot|65534|/mnt/data/prometheus'
  'kafka|1000|/mnt/data/kafka'
  'kafka|1000|/mnt/data/zookeeper/data'
  'kafka|1000|/mnt/data/zookeeper/log'
  'verne-1|10000|/mnt/data/vernemq'
  'verne-2|10000|/mnt/data/vernemq'
  'verne-3|10000|/mnt/data/vernemq'
  'x509|10001|/mnt/data/ejbca'
)
readonly OTHER_CONTROL_PLANES=(
)
readonly NAMESPACES=(
  dojot
  dojot-monitoring
)
readonly PERSISTENT_VOLUMES=(
  local-pv-kafka-volume-kafka-server-0-7f6e367e
  local-pv-kafka-ws-f0b6ee31
  local-pv-kong-dc1d3ff2
  local-pv-mongodb-volume-mongodb-0-2d9d1fe8
  local-pv-prometheus-prometheus-0-9bbc7cff
  local-pv-psql-volume-postgres-0-254ab83f
  local-pv-vernemq-k8s-db-vernemq-k8s-0-b728f0c1
  local-pv-vernemq-k8s-db-vernemq-k8s-1-93b10918
  local-pv-vernemq-k8s-db-vernemq-k8s-2-675dbb27
  local-pv-x509-identity-mgmt-272a7e9d
  local-pv-zk-volume-data-zookeeper-0-7046b855
  local-pv-zk-volume-log-zookeeper-0-0239be78
)
readonly SECRETS=(
  'dojot-monitoring/grafana-secret|password|random|'
  'dojot-monitoring/grafana-secret|user|literal|admin'
  'dojot/auth-secret|password|random|'
  'dojot/auth-secret|temporary_password|random|'
  'dojot/auth-secret|user|literal|auth'
  'dojot/dojot-admin-secret|password|random|'
  'dojot/dojot-admin-secret|user|literal|admin'
  'dojot/kafka-ws-secret|ticket|random|'
  'dojot/kong-secret|db|literal|kong'
  'dojot/kong-secret|password|random|'
  'dojot/kong-secret|user|literal|kong'
  'dojot/mongodb-secret|password|random|'
  'dojot/mongodb-secret|user|literal|mongodb'
  'dojot/postgres-exporter-secret|password|random|'
  'dojot/postgres-exporter-secret|user|literal|postgres_exporter'
  'dojot/postgres-secret|password|random|'
  'dojot/postgres-secret|user|literal|postgres'
  'dojot/vernemq-secret|cookie|random|'
  'dojot/x509-identity-mgmt-secret|password|random|'
  'dojot/x509-identity-mgmt-secret|user|literal|ejbca'
)
readonly ROTATIONS=(
  'dojot-monitoring/grafana-secret|password|start|||'
  'dojot/auth-secret|password|postgres|dojot|statefulset/postgres|'
  'dojot/auth-secret|temporary_password|start|||'
  'dojot/dojot-admin-secret|password|auth|dojot|deployment/auth|5000'
  'dojot/kafka-ws-secret|ticket|start|||'
  'dojot/kong-secret|password|postgres|dojot|statefulset/postgres|'
  'dojot/mongodb-secret|password|mongodb|dojot|statefulset/mongodb|'
  'dojot/postgres-exporter-secret|password|postgres|dojot|statefulset/postgres|'
  'dojot/postgres-secret|password|postgres|dojot|statefulset/postgres|'
  'dojot/vernemq-secret|cookie|start|||'
  'dojot/x509-identity-mgmt-secret|password|postgres|dojot|statefulset/postgres|'
)
readonly READERS=(
  'dojot/auth-secret|deployment/auth|app=dojot,name=auth|rolling'
  'dojot/dojot-admin-secret|statefulset/kafka-loopback|app=dojot,name=kafka-loopback|rolling'
  'dojot-monitoring/grafana-secret|deployment/grafana|app=dojot,name=grafana|rolling'
  'dojot/kafka-ws-secret|deployment/kafka-ws|app=dojot,name=kafka-ws|rolling'
  'dojot/kong-secret|deployment/kong|app=dojot,name=kong|rolling'
  'dojot/mongodb-secret|deployment/x509-identity-mgmt|app=dojot,name=x509-identity-mgmt|rolling'
  'dojot/postgres-exporter-secret|deployment/postgres-exporter|app=dojot,name=postgres-exporter|rolling'
  'dojot/vernemq-secret|statefulset/vernemq-k8s|app=vernemq,vernemq=k8s|together'
  'dojot/x509-identity-mgmt-secret|deployment/x509-identity-mgmt|app=dojot,name=x509-identity-mgmt|rolling'
)
readonly BROKERS=(
  'dojot|vernemq-k8s|3|vernemq|9596'
)
readonly DATABASES=(
  'mongodb|dojot|statefulset|mongodb'
  'postgres|dojot|statefulset|postgres'
)
readonly BACKUPS=(
  '02:30|14|/mnt/backup'
)
readonly LOAD_BALANCER_PORTS=(
  '443|kong-http'
  '1883|vernemq-mqtt'
  '8443|grafana-http'
  '8883|vernemq-mqtts'
)
readonly FOLLOW=(
)
readonly SIGNERS=(
)
readonly NODE_PORTS=(
)
readonly BINARIES=(
)
readonly PROXY=(
)
readonly OS_PACKAGES=(
  ca-certificates
  conntrack
  curl
  ebtables
  ethtool
  iproute2
  iptables
  nftables
  socat
)
readonly KERNEL_MODULES=(
  br_netfilter
  ip_set
  ip_set_hash_ip
  ip_set_hash_net
  overlay
  vxlan
  xt_set
)
readonly KUBERNETES_PACKAGES=(
  'cri-tools|1.36.0-1.1'
  'kubeadm|1.36.5-1.1'
  'kubectl|1.36.5-1.1'
  'kubelet|1.36.5-1.1'
  'kubernetes-cni|1.9.1-1.1'
)
readonly RUNTIME_PACKAGES=(
  'containerd.io|2.3.6-1~ubuntu.24.04~noble'
)
readonly KEEPALIVED_PACKAGES=(
)
readonly HAPROXY_PACKAGES=(
  'haproxy|3.2.*'
)
IFS= read -r -d '' SYSCTL_CONF <<'END_OF_SYSCTL_CONF' || true
kernel.keys.root_maxbytes = 25000000
kernel.keys.root_maxkeys = 1000000
kernel.panic = 10
kernel.panic_on_oops = 1
net.bridge.bridge-nf-call-ip6tables = 1
net.bridge.bridge-nf-call-iptables = 1
net.ipv4.ip_forward = 1
vm.overcommit_memory = 1
vm.panic_on_oom = 0
END_OF_SYSCTL_CONF
readonly SYSCTL_CONF
IFS= read -r -d '' RUNTIME_CONFIG <<'END_OF_RUNTIME_CONFIG' || true
version = 3

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "registry.k8s.io/pause:3.10.2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
SystemdCgroup = true
END_OF_RUNTIME_CONFIG
readonly RUNTIME_CONFIG
IFS= read -r -d '' FIREWALL <<'END_OF_FIREWALL' || true
# Who may reach which ports of a node of dojot-10k. This table is replaced in one step, and no other is touched:
# whatever is not named here, SSH above all, stays as the host has it. Connections that are open stay open.
table inet dojot
delete table inet dojot
table inet dojot {
  chain prerouting {
    # Before kube-proxy gives a NodePort's packets the address of a pod (priority -100), and after the kernel has told
    # which of them belong to a connection (-200).
    type filter hook prerouting priority -150; policy accept;
    iif "lo" accept
    ct state established,related accept
    # What is for pods, or only passes.
    fib daddr type != local accept
    # the API server
    tcp dport 6443 ip saddr { 172.18.0.10, 172.18.0.11, 172.18.0.12, 172.18.0.13, 172.18.0.21, 172.18.0.22, 172.18.0.23, 10.244.0.0/16 } accept
    tcp dport 6443 counter drop
    # etcd
    tcp dport 2379-2380 ip saddr { 172.18.0.10 } accept
    tcp dport 2379-2380 counter drop
    # the kubelet
    tcp dport 10250 ip saddr { 172.18.0.10, 172.18.0.11, 172.18.0.12, 172.18.0.13, 172.18.0.21, 172.18.0.22, 172.18.0.23, 10.244.0.0/16 } accept
    tcp dport 10250 counter drop
    # health of kube-proxy and kube-router, its metrics
    tcp dport { 10249, 10256, 20244 } counter drop
    # packets of pods between nodes
    udp dport 8472 ip saddr { 172.18.0.10, 172.18.0.11, 172.18.0.12, 172.18.0.13, 172.18.0.21, 172.18.0.22, 172.18.0.23 } accept
    udp dport 8472 counter drop
    # node-exporter, metrics
    tcp dport 9100 ip saddr { 172.18.0.10, 172.18.0.11, 172.18.0.12, 172.18.0.13, 172.18.0.21, 172.18.0.22, 172.18.0.23, 10.244.0.0/16 } accept
    tcp dport 9100 counter drop
    # NodePorts
    tcp dport 30000-32767 ip saddr { 172.18.0.5 } accept
    tcp dport 30000-32767 counter drop
    # NodePorts without a load balancer
    udp dport 30000-32767 counter drop
  }
}
END_OF_FIREWALL
readonly FIREWALL
IFS= read -r -d '' AUDIT_POLICY <<'END_OF_AUDIT_POLICY' || true
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages:
- RequestReceived
rules:
- level: Metadata
  resources:
  - group: ''
    resources:
    - secrets
    - serviceaccounts/token
- level: None
  nonResourceURLs:
  - /healthz*
  - /livez*
  - /readyz*
  - /version
  - /openapi*
  - /api
  - /api/*
  - /apis
  - /apis/*
- level: None
  resources:
  - group: ''
    resources:
    - events
  - group: events.k8s.io
    resources:
    - events
- level: None
  resources:
  - group: coordination.k8s.io
    resources:
    - leases
- level: None
  users:
  - system:kube-controller-manager
  - system:kube-scheduler
  resources:
  - group: ''
    resources:
    - endpoints
    - configmaps
  namespaces:
  - kube-system
- level: None
  userGroups:
  - system:nodes
  - system:serviceaccounts:kube-system
  verbs:
  - get
  - list
  - watch
- level: None
  users:
  - system:apiserver
  - system:kube-controller-manager
  - system:kube-scheduler
  - system:kube-proxy
  verbs:
  - get
  - list
  - watch
- level: None
  userGroups:
  - system:nodes
  verbs:
  - update
  - patch
  resources:
  - group: ''
    resources:
    - nodes/status
    - pods/status
- level: Request
  verbs:
  - create
  - update
  - patch
  - delete
  - deletecollection
  resources:
  - group: rbac.authorization.k8s.io
    resources:
    - '*'
  - group: networking.k8s.io
    resources:
    - networkpolicies
- level: Metadata
END_OF_AUDIT_POLICY
readonly AUDIT_POLICY
IFS= read -r -d '' KUBEADM_INIT <<'END_OF_KUBEADM_INIT' || true
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
bootstrapTokens:
- ttl: 1m0s
localAPIEndpoint:
  advertiseAddress: 172.18.0.10
  bindPort: 6443
nodeRegistration:
  name: control
  criSocket: unix:///run/containerd/containerd.sock
  kubeletExtraArgs:
  - name: node-ip
    value: 172.18.0.10
  taints:
  - key: node-role.kubernetes.io/control-plane
    effect: NoSchedule
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
clusterName: dojot-10k
kubernetesVersion: v1.36.5
imageRepository: registry.k8s.io
controlPlaneEndpoint: 172.18.0.10:6443
networking:
  podSubnet: 10.244.0.0/16
  serviceSubnet: 10.96.0.0/12
apiServer:
  extraArgs:
  - name: profiling
    value: 'false'
  - name: tls-cipher-suites
    value: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
  - name: audit-policy-file
    value: /etc/kubernetes/apiserver/audit-policy-e945bd4f.yml
  - name: audit-log-path
    value: /var/log/kubernetes/audit.log
  - name: audit-log-maxage
    value: '30'
  - name: audit-log-maxbackup
    value: '10'
  - name: audit-log-maxsize
    value: '100'
  - name: encryption-provider-config
    value: /etc/kubernetes/apiserver/encryption.yml
  extraVolumes:
  - name: apiserver
    hostPath: /etc/kubernetes/apiserver
    mountPath: /etc/kubernetes/apiserver
    readOnly: true
    pathType: DirectoryOrCreate
  - name: audit
    hostPath: /var/log/kubernetes
    mountPath: /var/log/kubernetes
    readOnly: false
    pathType: DirectoryOrCreate
controllerManager:
  extraArgs:
  - name: profiling
    value: 'false'
  - name: tls-cipher-suites
    value: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
scheduler:
  extraArgs:
  - name: profiling
    value: 'false'
  - name: tls-cipher-suites
    value: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
etcd:
  local:
    extraArgs:
    - name: cipher-suites
      value: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
failSwapOn: true
systemReserved:
  cpu: 200m
  ephemeral-storage: 5Gi
  memory: 284Mi
evictionHard:
  imagefs.available: 1Gi
  memory.available: 100Mi
  nodefs.available: 1Gi
  nodefs.inodesFree: 5%
podPidsLimit: 4096
protectKernelDefaults: true
seccompDefault: true
tlsCipherSuites:
- TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
- TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
- TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
- TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
- TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
- TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
containerLogMaxFiles: 3
containerLogMaxSize: 50Mi
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
nodePortAddresses:
- primary
conntrack:
  min: 131072
END_OF_KUBEADM_INIT
readonly KUBEADM_INIT
IFS= read -r -d '' KUBEADM_JOIN <<'END_OF_KUBEADM_JOIN' || true
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
nodeRegistration:
  name: '@NODE@'
  criSocket: unix:///run/containerd/containerd.sock
  kubeletExtraArgs:
  - name: node-ip
    value: '@ADDRESS@'
  - name: node-labels
    value: dojot.components/group=@LABEL@
discovery:
  bootstrapToken:
    apiServerEndpoint: 172.18.0.10:6443
    token: '@TOKEN@'
    caCertHashes:
    - '@CA_HASH@'
END_OF_KUBEADM_JOIN
readonly KUBEADM_JOIN
readonly KUBEADM_JOIN_CONTROL_PLANE=''
IFS= read -r -d '' POD_NETWORK <<'END_OF_POD_NETWORK' || true
apiVersion: v1
kind: ServiceAccount
metadata:
  name: flannel
  namespace: kube-system
  labels:
    app.kubernetes.io/name: flannel
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: flannel
  labels:
    app.kubernetes.io/name: flannel
rules:
- apiGroups:
  - ''
  resources:
  - pods
  verbs:
  - get
- apiGroups:
  - ''
  resources:
  - nodes
  verbs:
  - get
  - list
  - watch
- apiGroups:
  - ''
  resources:
  - nodes/status
  verbs:
  - patch
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: flannel
  labels:
    app.kubernetes.io/name: flannel
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: flannel
subjects:
- kind: ServiceAccount
  name: flannel
  namespace: kube-system
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: flannel-config
  namespace: kube-system
  labels:
    app.kubernetes.io/name: flannel
data:
  cni-conf.json: |
    {
      "name": "cbr0",
      "cniVersion": "0.3.1",
      "plugins": [
        {
          "type": "flannel",
          "delegate": {
            "hairpinMode": true,
            "isDefaultGateway": true
          }
        },
        {
          "type": "portmap",
          "capabilities": {
            "portMappings": true
          }
        }
      ]
    }
  net-conf.json: |
    {
      "Network": "10.244.0.0/16",
      "Backend": {
        "Type": "vxlan"
      }
    }
---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: flannel
  namespace: kube-system
  labels:
    app.kubernetes.io/name: flannel
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: flannel
  template:
    metadata:
      labels:
        app.kubernetes.io/name: flannel
      annotations:
        checksum/config: d6fee79aafcaf25b73f852280cb34a2a5fb949859a3b857f88831170e820351e
    spec:
      serviceAccountName: flannel
      priorityClassName: system-node-critical
      hostNetwork: true
      nodeSelector:
        kubernetes.io/os: linux
      tolerations:
      - operator: Exists
        effect: NoSchedule
      - operator: Exists
        effect: NoExecute
      securityContext:
        seccompProfile:
          type: RuntimeDefault
      initContainers:
      - name: install-cni-plugin
        image: ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3
        command:
        - cp
        args:
        - -f
        - /flannel
        - /opt/cni/bin/flannel
        resources:
          requests:
            cpu: 50m
            memory: 64Mi
          limits:
            memory: 128Mi
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            drop:
            - ALL
        volumeMounts:
        - name: cni-plugins
          mountPath: /opt/cni/bin
      - name: install-cni
        image: ghcr.io/flannel-io/flannel:v0.28.9
        command:
        - cp
        args:
        - -f
        - /etc/kube-flannel/cni-conf.json
        - /etc/cni/net.d/10-flannel.conflist
        resources:
          requests:
            cpu: 50m
            memory: 64Mi
          limits:
            memory: 128Mi
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            drop:
            - ALL
        volumeMounts:
        - name: cni
          mountPath: /etc/cni/net.d
        - name: config
          mountPath: /etc/kube-flannel
      containers:
      - name: flannel
        image: ghcr.io/flannel-io/flannel:v0.28.9
        command:
        - /opt/bin/flanneld
        args:
        - --ip-masq
        - --kube-subnet-mgr
        - --iface=$(HOST_IP)
        env:
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: POD_NAMESPACE
          valueFrom:
            fieldRef:
              fieldPath: metadata.namespace
        - name: HOST_IP
          valueFrom:
            fieldRef:
              fieldPath: status.hostIP
        resources:
          requests:
            cpu: 50m
            memory: 64Mi
          limits:
            memory: 128Mi
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            add:
            - NET_ADMIN
            - NET_RAW
            drop:
            - ALL
        volumeMounts:
        - name: run
          mountPath: /run/flannel
        - name: config
          mountPath: /etc/kube-flannel
        - name: xtables-lock
          mountPath: /run/xtables.lock
      volumes:
      - name: run
        hostPath:
          path: /run/flannel
          type: DirectoryOrCreate
      - name: cni
        hostPath:
          path: /etc/cni/net.d
          type: DirectoryOrCreate
      - name: config
        configMap:
          name: flannel-config
      - name: xtables-lock
        hostPath:
          path: /run/xtables.lock
          type: FileOrCreate
      - name: cni-plugins
        hostPath:
          path: /opt/cni/bin
          type: DirectoryOrCreate
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: kube-router
  namespace: kube-system
  labels:
    app.kubernetes.io/name: kube-router
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: kube-router
  labels:
    app.kubernetes.io/name: kube-router
rules:
- apiGroups:
  - ''
  resources:
  - namespaces
  - pods
  - services
  verbs:
  - list
  - watch
- apiGroups:
  - discovery.k8s.io
  resources:
  - endpointslices
  verbs:
  - list
  - watch
- apiGroups:
  - ''
  resources:
  - nodes
  verbs:
  - get
  - list
  - watch
- apiGroups:
  - networking.k8s.io
  resources:
  - networkpolicies
  verbs:
  - list
  - watch
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: kube-router
  labels:
    app.kubernetes.io/name: kube-router
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: kube-router
subjects:
- kind: ServiceAccount
  name: kube-router
  namespace: kube-system
---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: kube-router
  namespace: kube-system
  labels:
    app.kubernetes.io/name: kube-router
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: kube-router
  template:
    metadata:
      labels:
        app.kubernetes.io/name: kube-router
    spec:
      serviceAccountName: kube-router
      priorityClassName: system-node-critical
      hostNetwork: true
      nodeSelector:
        kubernetes.io/os: linux
      tolerations:
      - operator: Exists
        effect: NoSchedule
      - operator: Exists
        effect: NoExecute
      securityContext:
        seccompProfile:
          type: RuntimeDefault
      containers:
      - name: kube-router
        image: docker.io/cloudnativelabs/kube-router:v2.11.1
        args:
        - --run-firewall=true
        - --run-router=false
        - --run-service-proxy=false
        - --enable-cni=false
        - --health-port=20244
        - --service-cluster-ip-range=10.96.0.0/12
        env:
        - name: NODE_NAME
          valueFrom:
            fieldRef:
              fieldPath: spec.nodeName
        livenessProbe:
          httpGet:
            path: /healthz
            port: 20244
          initialDelaySeconds: 20
          periodSeconds: 10
        resources:
          requests:
            cpu: 50m
            memory: 64Mi
          limits:
            memory: 256Mi
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            add:
            - NET_ADMIN
            - NET_RAW
            drop:
            - ALL
        volumeMounts:
        - name: modules
          mountPath: /lib/modules
          readOnly: true
        - name: xtables-lock
          mountPath: /run/xtables.lock
      volumes:
      - name: modules
        hostPath:
          path: /lib/modules
          type: Directory
      - name: xtables-lock
        hostPath:
          path: /run/xtables.lock
          type: FileOrCreate
END_OF_POD_NETWORK
readonly POD_NETWORK

# ---- what the heads of the parts say
# step | what it does | its options | machine | where else | its occasion, outside of the plan | table that must have rows | when | what comes then
readonly STEPS=(
  'backup|save etcd, the certificates and keys of Kubernetes, and the databases into a folder of their own|--to --node --kubeconfig --dry-run|anywhere|, on the control plane: at any time, and daily by what backup-timer installs||||'
  'certificates|renew the certificates of the control plane, which end a year after they were made, and start it anew with them|--within --node --dry-run|every control plane||when the alert CertificateExpiring fires, or once a year|||'
  'follow|take the haproxy.cfg that is committed at the revision that Argo CD follows; reload, never drop sessions|--node-ports --force|anywhere|, on the load balancer: at any time, and by the timer that load-balancer installs||||'
  'plan|which command on which machine, in order; changes nothing||anywhere|||||'
  'restore|put back what a backup holds: the control plane, on a host that has none, or a database of the cluster that runs|--from --database --node --yes --kubeconfig --dry-run|anywhere|, on the control plane: when its disk or a database was lost (docs/operations.md)||||'
  'upgrade|bring this node of a running cluster to the inventory'"'"'s Kubernetes; on a control plane, which come first, the API server, too|--node --kubeconfig --dry-run|every node||when platform.kubernetes.version is raised: on the first control plane, on others, then node by node|||'
  'node|make this host ready to be a node: name, swap, kernel, firewall, container runtime, Kubernetes|--node --root --dry-run|every node|||||'
  'volumes|make the directories of the local volumes of this node (owner as its service runs, mode 0750)|--node --root --dry-run|every node|||||'
  'control-plane|kubeadm init, the kubeconfig of the administrator (0600) and the pod network; of a control plane that runs, its changed configuration|--node --kubeconfig --dry-run|control plane|||||'
  'join-key|write all that another control plane joins with to a file (0600): a short-lived token, the hash of the CA, the key to the certificates and that of Secrets|--lost --node --key-file --kubeconfig --yes --dry-run|control plane|, or any other that has joined||OTHER_CONTROL_PLANES||copy /run/dojot-join-key to the same place on each other control plane'
  'join-control-plane|join as another control plane, with an API server and a member of etcd; of one that runs, its changed configuration|--node --key-file --kubeconfig --dry-run|every other control plane|, one after the other, or the first that was lost and made anew||OTHER_CONTROL_PLANES||'
  'join-token|write a short-lived join token and the hash of the CA to a file (0600)|--node --join-file --kubeconfig --dry-run|control plane|||||copy /run/dojot-join to the same place on each worker'
  'worker|join the cluster, registering with the label of the group|--node --join-file --dry-run|every worker|||||'
  'join-done|delete the join tokens, the join files, and the keys of the control plane that one joined with|--join-file --key-file --kubeconfig --dry-run|control plane|||||'
  'labels|verify the group label of every worker, and repair it|--kubeconfig --dry-run|control plane|, or wherever kubectl reaches the cluster||||'
  'forget|take a machine that is gone for good out of the cluster: its pods, its volumes with their claims, its node|--gone --yes --kubeconfig --dry-run|control plane|, or wherever kubectl reaches the cluster|when a machine is gone for good, after the merge of an inventory without it|||'
  'secrets|make the Secrets and keys that are missing; what exists stays as it is|--kubeconfig --dry-run|control plane|, or wherever kubectl reaches the cluster||||'
  'argocd|install Argo CD, or use the one that is there; its project and application: Git rules the cluster from here on|--compiled --kubeconfig --dry-run|control plane|||||'
  'rotate|give a Secret new random values, also where they are kept, and start the pods anew that read it|--secret --restart --yes --kubeconfig --dry-run|control plane|, or wherever kubectl reaches the cluster|when a value may have become known, or somebody goes who knows it|||'
  'synced|wait until Argo CD has brought what Git says, and everything of it runs|--patience --kubeconfig|control plane|, or wherever kubectl reaches the cluster||||'
  'node-ports|write the NodePorts that Kubernetes has chosen to a file for the load balancer|--node-ports --kubeconfig --dry-run|control plane|||NODE_PORTS||copy /etc/dojot/node-ports to the same place on the load balancer'
  'load-balancer|install HAProxy, its limits and its configuration; reload, never drop sessions|--compiled --node-ports --force --node --root --dry-run|load balancer|||||'
  'remove|take from this host what the other steps have put there; installed programs stay, and so do data|--whole --data --node --join-file --key-file --kubeconfig --yes --force --dry-run|every node|, or a load balancer|when a machine leaves the cluster, or the cluster is given up|||'
  'verify|is everything as the inventory says? one line a thing, exit code 1 if not|--compiled --node-ports --kubeconfig|control plane|, or wherever kubectl reaches the cluster; on the load balancer, whether a server is drained, its certificate lasts, and whether it follows||||'
  'backup-timer|make a backup each day: a timer of systemd, and the copy of this script that it runs|--node --dry-run|control plane|||BACKUPS||'
  'drain|give a server of the load balancer no new sessions; those that it has end by themselves|--wait --server --force --dry-run|load balancer||before the node of a broker is drained or restarted|||'
  'leave|let the last broker leave the cluster of brokers; its queues go to the others|--server --force --kubeconfig --dry-run|control plane|, or wherever kubectl reaches the cluster|before a merge with fewer brokers, when the broker'"'"'s server is drained|||'
  'undrain|give a drained server of the load balancer new sessions again|--server --dry-run|load balancer||when the broker of a drained server is back|||'
)
# option | name of its value | default | what it does
readonly STEP_OPTIONS=(
  '--to|DIR||where the backup'"'"'s folder is made (default: backup.folder of the inventory, which is also tidied up)'
  '--node|NAME||this host is NAME, whose address it has (default: the one whose address it has)'
  '--kubeconfig|FILE||default: /etc/kubernetes/admin.conf, then KUBECONFIG, then ~/.kube/config; a cluster that is not the inventory'"'"'s is refused'
  '--dry-run|||change nothing, say what would be done'
  '--within|DAYS|60|renew all of them where one ends within so many days'
  '--node-ports|FILE|/etc/dojot/node-ports|the file with the chosen NodePorts'
  '--force|||do what costs devices their sessions or their way in, or pods their node, which the step otherwise refuses'
  '--from|DIR||the folder of the backup, with its manifest'
  '--database|NAME||fill this one (postgres, mongodb) in place of the control plane; what it holds now is gone then'
  '--yes|CLUSTER||the cluster'"'"'s name, which is asked for otherwise'
  '--root|DIR||prepare the system under DIR, such as a mounted image; with --node, of any node'
  '--lost|NAME||this control plane has lost its disk: first its node, and its member of etcd, go'
  '--key-file|FILE|/run/dojot-join-key|the file with which a control plane joins; join-control-plane reads - from its standard input'
  '--join-file|FILE|/run/dojot-join|the file with the join token; worker reads - from its standard input'
  '--gone|NAME||a machine that the inventory has no longer, by the name of its node'
  '--compiled|DIR||the compiled folder of this cluster (default: the one above this script)'
  '--secret|NAME||the Secret, or NAMESPACE/NAME'
  '--restart|||leave its values alone, and start the pods anew that read it: somebody else has changed them'
  '--patience|MINUTES|30|how long it waits'
  '--whole|||the whole cluster is given up: sessions and pods end, and nodes of the inventory need not have left before'
  '--data|||the directories of its volumes go as well, with all that is in them'
  '--wait|||go on until the server has no session left'
  '--server|NAME||a server of the load balancer, by the name of its node'
)

# ---- admin-kubeconfig
# A copy of the administrator's kubeconfig for the person who runs a step (with sudo: that person, not root), readable by
# nobody else. One that is another file stays.

kubeconfig_user() {
  printf '%s' "${SUDO_USER:-root}"
}

write_kubeconfig() {
  local path
  path=$(own_kubeconfig)
  if [[ ! -e $path ]]; then
    change "write $path (0600, $(kubeconfig_user))" copy_kubeconfig "$(kubeconfig_user)" "$path"
  elif cmp --silent -- "$path" "$ADMIN_CONF"; then
    report skipped "$path is the administrator's kubeconfig"
  else
    report skipped "$path is another kubeconfig, which stays; use --kubeconfig=$ADMIN_CONF"
  fi
}

copy_kubeconfig() {
  install --directory --mode=0700 --owner="$1" --group="$(id -gn "$1")" "${2%/*}"
  install --mode=0600 --owner="$1" --group="$(id -gn "$1")" "$ADMIN_CONF" "$2"
}

# owe_kubeconfig: before kubeadm renews the certificate in admin.conf: what is a copy now is one afterwards.
owe_kubeconfig() {
  if cmp --silent -- "$(own_kubeconfig)" "$ADMIN_CONF"; then
    owe "kubeconfig-of-$(kubeconfig_user)"
  fi
}

renew_kubeconfig() {
  local user
  user=$(kubeconfig_user)
  if is_owed "kubeconfig-of-$user"; then
    change "write $(own_kubeconfig) (0600, $user): its certificate is a new one" copy_kubeconfig "$user" "$(own_kubeconfig)"
    settle "kubeconfig-of-$user"
  fi
}

# ---- api-server
# Files that the API server reads as it starts: the audit policy, and how Secrets are encrypted in etcd. The key of
# that is made here, on the control plane, and is nowhere else: whoever saves etcd has to save it, too.

readonly API_SERVER_MANIFEST=/etc/kubernetes/manifests/kube-apiserver.yaml

# Before one reads them.
write_api_server_files() {
  write_file "$AUDIT_POLICY_FILE" 0600 "$AUDIT_POLICY"
  if [[ ! -e $ENCRYPTION_FILE ]] && ! api_server_reads "$ENCRYPTION_FILE"; then
    change "make a key for Secrets in etcd: $ENCRYPTION_FILE (0600, $ENCRYPTION_PROVIDER)" write_encryption
  fi
}

# Of one that is there: it would miss them only at its next start.
keep_api_server_files() {
  if api_server_reads "$AUDIT_POLICY_FILE"; then
    owing kube-apiserver write_file "$AUDIT_POLICY_FILE" 0600 "$AUDIT_POLICY"
  fi
  if [[ -e $ENCRYPTION_FILE ]]; then
    need_encryption_provider
  elif api_server_reads "$ENCRYPTION_FILE"; then
    refuse "the API server encrypts Secrets with the key in $ENCRYPTION_FILE, and that file is gone: bring it back from where it was saved with etcd. With another key no Secret of this cluster could be read any more"
  fi
}

# api_server_reads PATH: is it one of its arguments?
api_server_reads() {
  grep -qsF -- "=$1" "$API_SERVER_MANIFEST"
}

# Another provider needs both for a time, and every Secret written anew: nothing to do in passing.
need_encryption_provider() {
  if grep -q -- "^  - $ENCRYPTION_PROVIDER:" "$ENCRYPTION_FILE"; then
    report skipped "$ENCRYPTION_FILE has a key for $ENCRYPTION_PROVIDER"
  else
    refuse "$ENCRYPTION_FILE does not name $ENCRYPTION_PROVIDER, which the inventory has as platform.kubernetes.secrets_encryption: see \"Another key for Secrets\" in bootstrap/README.md"
  fi
}

# Both providers take a key of 32 bytes. `identity` reads what was written before there was a key.
write_encryption() {
  local - key temporary=''
  set +x
  mkdir -p -- "${ENCRYPTION_FILE%/*}"
  key=$(head -c 32 /dev/urandom | base64 -w 0)
  ((${#key} == 44)) || return 1
  scratch temporary "${ENCRYPTION_FILE%/*}/.${ENCRYPTION_FILE##*/}.XXXXXX"
  cat >"$temporary" <<YAML
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources:
  - secrets
  providers:
  - $ENCRYPTION_PROVIDER:
      keys:
      - name: first
        secret: $key
  - identity: {}
YAML
  mv --force -- "$temporary" "$ENCRYPTION_FILE"
}

# The policies of earlier runs, which nothing reads any more.
remove_former_policies() {
  local path
  for path in "${AUDIT_POLICY_FILE%-*}"-*.yml; do
    [[ $path != "$AUDIT_POLICY_FILE" && -e $path ]] || continue
    change "remove $path" rm -f -- "$path"
  done
}

# ---- argocd-existing
# An Argo CD of somebody else's: it gets a project and an application, and keeps all that it has.

ARGOCD_CAN_BE_USED=''

# What use_existing_argocd has found; no only where --dry-run would refuse.
argocd_can_be_used() {
  [[ -n $ARGOCD_CAN_BE_USED ]]
}

# It runs where the inventory says, and none of its projects and applications has our name.
use_existing_argocd() {
  local kinds others
  if ! cluster_known; then
    report would "use the Argo CD in namespace $ARGOCD_NAMESPACE"
    ARGOCD_CAN_BE_USED=yes
    return 0
  fi
  working_on 'look at the Argo CD that is there'
  kinds=$(kube get customresourcedefinitions applications.argoproj.io appprojects.argoproj.io --ignore-not-found --output=name)
  if [[ $(wc -w <<<"$kinds") != 2 || -z $(argocd_workloads) ]]; then
    refuse "there is no Argo CD in namespace $ARGOCD_NAMESPACE, and the inventory says that one is (platform.argocd.existing): correct platform.argocd.namespace, or have one installed first. Nothing was changed"
    return 0
  fi
  others=$(of_others)
  if [[ -n $others ]]; then
    refuse "this Argo CD has $others already, and it is not this cluster's: rename the target, or have it removed. Nothing was changed"
    return 0
  fi
  ARGOCD_CAN_BE_USED=yes
  report skipped "the Argo CD in namespace $ARGOCD_NAMESPACE is somebody else's, and stays as it is"
  look_at_settings
}

# of_others: the project or application of our name that is not for this cluster; nothing if all is well. Ours say what
# the compiled ones say, wherever their repository is now.
of_others() {
  local row what file key place found
  for row in 'an Application|application.yml|path|.spec.source' 'an AppProject|project.yml|description|.spec'; do
    IFS='|' read -r what file key place <<<"$row"
    file=$(compiled)/argocd/$file
    found=$(kube get --filename="$file" --ignore-not-found --output=go-template="{{with $place}}{{.$key}}{{else}}nothing{{end}}")
    if [[ -n $found && $found != "$(sed -n "s/^ *$key: //p" "$file")" ]]; then
      printf '%s of the name in %s' "$what" "${file##*/}"
      return 0
    fi
  done
}

# Its settings hold for all that it manages, so their owner changes them.
look_at_settings() {
  local patch
  patch=$(<"$(compiled)/argocd/argocd-cm.yml")$'\n'
  if [[ $(patched_settings "$patch") == *'(no change)'* ]]; then
    report ok 'its argocd-cm has the health check of the brokers'
  else
    printf '%s\n' "bootstrap.sh: its argocd-cm lacks the health check of the brokers, so a sync does not wait for them: ask its owner for the keys of argocd/argocd-cm.yml" >&2
  fi
}

# ---- argocd-owner
# Whose is the Argo CD that is there already? This script changes its own alone.

# An annotation of its namespace, from the moment that this script creates it.
readonly ARGOCD_MARK=dojot.components/installed-by ARGOCD_MARKED=bootstrap.sh

ARGOCD_IS_OURS=''

# What own_argocd has found; no only where --dry-run would refuse.
argocd_is_ours() {
  [[ -n $ARGOCD_IS_OURS ]]
}

# Argo CD's namespace exists and is marked.
own_argocd() {
  local found='' named kinds=''
  if cluster_known; then
    found=$(kube get namespace "$ARGOCD_NAMESPACE" --ignore-not-found \
      --output=go-template="namespace {{with .metadata.annotations}}{{with index . \"$ARGOCD_MARK\"}}{{.}}{{end}}{{end}}")
    kinds=$(kube get customresourcedefinitions applications.argoproj.io appprojects.argoproj.io --ignore-not-found --output=name)
  fi
  ARGOCD_IS_OURS=yes
  if [[ $found == "namespace $ARGOCD_MARKED" ]]; then
    report skipped "namespace $ARGOCD_NAMESPACE is this script's"
  elif [[ -z $found && -z $kinds ]]; then
    change "create namespace $ARGOCD_NAMESPACE" create_marked_namespace
  elif [[ -n $found ]] && is_empty_or_ours "$kinds"; then
    change "mark namespace $ARGOCD_NAMESPACE as this script's" \
      kube annotate namespace "$ARGOCD_NAMESPACE" --overwrite "$ARGOCD_MARK=$ARGOCD_MARKED"
  else
    ARGOCD_IS_OURS=''
    named="in namespace $ARGOCD_NAMESPACE"
    [[ -n $found ]] || named="whose kinds (${kinds//$'\n'/, }) another namespace or an earlier installation has brought"
    refuse "there is an Argo CD $named that this script has not installed: nothing was changed. Either use it: platform.argocd.existing: true. Or, if it is for this cluster alone, hand it over to become $ARGOCD_VERSION on $GROUP_LABEL=$ARGOCD_LABEL: $(how_to_hand_over "$found"). Both ways: \"Argo CD is there already\" in bootstrap/README.md"
  fi
}

# At once with its mark: between two commands the power can fail.
create_marked_namespace() {
  printf 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: %s\n  annotations:\n    %s: %s\n' \
    "$ARGOCD_NAMESPACE" "$ARGOCD_MARK" "$ARGOCD_MARKED" | kube create --filename=-
}

how_to_hand_over() {
  [[ -n $1 ]] || printf 'kubectl create namespace %s, then ' "$ARGOCD_NAMESPACE"
  printf 'kubectl annotate namespace %s %s=%s, then this step again' "$ARGOCD_NAMESPACE" "$ARGOCD_MARK" "$ARGOCD_MARKED"
}

# is_empty_or_ours KINDS: a namespace without the mark that somebody has created for this step, or one of
# an earlier version of this script: its pods are where this script places them, and they know this cluster.
is_empty_or_ours() {
  local workload workloads known
  workloads=$(argocd_workloads) || return 1
  if [[ -z $workloads ]]; then
    [[ -z $1 ]]
    return
  fi
  [[ -n $1 ]] || return 1
  known=$(kube get --filename="$(compiled)/argocd/project.yml" --filename="$(compiled)/argocd/application.yml" \
    --ignore-not-found --output=name) || return 1
  [[ -n $known ]] || return 1
  for workload in $workloads; do
    [[ $(argocd_place "$workload") == "$GROUP_LABEL In [$ARGOCD_LABEL]" ]] || return 1
  done
}

# ---- argocd
# What runs in Argo CD's namespace, and where.

argocd_kube() {
  kube --namespace="$ARGOCD_NAMESPACE" "$@"
}

argocd_workloads() {
  argocd_kube get deployments,statefulsets --output=name
}

readonly PLACE='
{{with .spec.template.spec.affinity}}
  {{with .nodeAffinity}}
    {{with .requiredDuringSchedulingIgnoredDuringExecution}}
      {{range .nodeSelectorTerms}}
        {{range .matchExpressions}}{{.key}} {{.operator}} {{.values}}{{end}}
      {{end}}
    {{end}}
  {{end}}
{{end}}'

# argocd_place WORKLOAD: `LABEL In [VALUE]`, if its pods have to be somewhere.
argocd_place() {
  argocd_kube get "$1" --output=go-template="$(template "$PLACE")"
}

# patched_settings PATCH: what kubectl says of it, without asking the server; nothing where there are none yet.
patched_settings() {
  local file=''
  cluster_known || return 0
  scratch file "${TMPDIR:-/tmp}/dojot-settings.XXXXXX"
  argocd_kube get configmap argocd-cm --ignore-not-found --output=yaml >"$file"
  [[ ! -s $file ]] || kubectl patch --local --filename="$file" --type=merge --patch="$1"
}

# ---- backup
# A backup is a folder CLUSTER-TIME, for root alone:
#   manifest           rows of `cluster`, `time`, `kubernetes`, `control-plane`, and `file | SHA-256 | bytes | path` of each
#   etcd.db            all objects of the cluster; Secrets are encrypted with the key that lies beside it
#   kubernetes.tar     that key, and all certificates and keys of kubeadm. admin.conf and the like are made anew of these
#   <service>/...      each database (lib/databases.sh)

# What Prometheus reads by node-exporter of this node (inventory/classes/service/node-exporter.yml).
readonly BACKUP_METRICS=/var/lib/dojot/metrics/backup.prom

# Those that are made before an upgrade of Kubernetes.
readonly UPGRADE_BACKUPS=/var/lib/dojot/before-upgrade

# The folder of the backup that this run has made.
BACKUP_MADE=''

# make_backup FOLDER VERSION [DATABASE...]: a new one in FOLDER, of the cluster that runs with this Kubernetes.
make_backup() {
  local database time partial
  time=$(date --utc +%Y%m%dT%H%M%SZ)
  partial=$1/.$CLUSTER_NAME-$time.partial
  BACKUP_MADE=$1/$CLUSTER_NAME-$time
  # Whoever may look into the folder: these are all keys of the cluster.
  umask 077
  if ! dry_run; then
    # What a run that was killed has left.
    rm -rf -- "$1/.$CLUSTER_NAME-"*.partial
    mkdir -- "$partial"
    SCRATCH+=("$partial")
  fi
  change 'save etcd' save_etcd "$partial/etcd.db"
  change "save certificates and keys of $KUBERNETES_FOLDER" save_kubernetes "$partial/kubernetes.tar"
  for database in "${@:3}"; do
    change "save the database $database" save_database "$database" "$partial"
  done
  change "put it into $BACKUP_MADE" finish_backup "$partial" "$BACKUP_MADE" "$2" "$time"
  umask 022
}

save_kubernetes() {
  local files
  mapfile -t files < <(saved_files)
  tar --create --file="$1" --directory="$KUBERNETES_FOLDER" -- "${files[@]}"
}

# finish_backup PARTIAL FOLDER VERSION TIME: there is either no such folder, or a whole one.
finish_backup() {
  write_manifest "$1" "$3" "$4"
  # On its disk, before it has its name.
  sync
  mv --no-target-directory -- "$1" "$2"
}

# remove_old_backups FOLDER KEEP: of this cluster, all but the newest.
remove_old_backups() {
  local path found=()
  for path in "$1/$CLUSTER_NAME-"[0-9]*Z; do
    [[ ! -d $path ]] || found+=("$path")
  done
  for path in "${found[@]:0:$((${#found[@]} > $2 ? ${#found[@]} - $2 : 0))}"; do
    change "remove $path: $2 are kept" rm -rf -- "$path"
  done
}

# need_other_disk FOLDER: what lies on the control plane's own disk is lost with it.
need_other_disk() {
  local own other
  own=$(disk_of "$ETCD_FOLDER")
  other=$(disk_of "$1")
  if [[ -z $other ]]; then
    refuse "there is no directory $1 (backup.folder): mount one of another machine there (/etc/fstab)"
  elif [[ $own == "$other" ]]; then
    refuse "$1 (backup.folder) lies on the disk of $ETCD_FOLDER and would be lost with it: mount a directory of another machine there (findmnt, /etc/fstab)"
  fi
}

# disk_of PATH: the device of what is mounted there, as 8:1; nothing where there is no such path.
disk_of() {
  local found
  found=$(findmnt --noheadings --output=MAJ:MIN --target "$1" 2>/dev/null || true)
  printf '%s' "${found//[[:space:]]/}"
}

# What is saved of /etc/kubernetes.
saved_files() {
  printf '%s\n' pki "${ENCRYPTION_FILE#"$KUBERNETES_FOLDER/"}"
}

# write_manifest FOLDER VERSION TIME: over all that lies in it by now.
write_manifest() {
  local path sum
  {
    printf '%s\n' "cluster|$CLUSTER_NAME" "time|$3" "kubernetes|$2" \
      "control-plane|$(self name)|$(self address)"
    while IFS= read -r path; do
      sum=$(sha256sum -- "$1/$path")
      printf '%s\n' "file|${sum%% *}|$(stat -c %s -- "$1/$path")|$path"
    done < <(cd -- "$1" && find . -type f ! -name manifest -printf '%P\n' | LC_ALL=C sort)
  } >"$1/manifest"
}

# manifest_says FOLDER KEY: what stands behind it, a line each.
manifest_says() {
  sed -n "s/^$2|//p" -- "$1/manifest"
}

# need_whole_backup FOLDER: of this cluster, with each file as it was saved.
need_whole_backup() {
  local found row sum size path number=0
  [[ -r $1/manifest ]] || fail "$1 is no backup: it has no file manifest, which comes last. Name another one with --from"
  found=$(manifest_says "$1" cluster)
  [[ $found == "$CLUSTER_NAME" ]] ||
    fail "$1 is a backup of the cluster ${found:-that it does not name}, and this script is that of $CLUSTER_NAME: nothing was changed"
  while IFS= read -r row; do
    columns "$row" sum size path
    if [[ ! -f $1/$path || $(stat -c %s -- "$1/$path") != "$size" ]] || ! has_sha256 "$1/$path" "$sum"; then
      fail "$1/$path is not as it was saved (SHA-256 $sum, $size bytes): nothing was changed. Take another backup"
    fi
    number=$((number + 1))
  done < <(manifest_says "$1" file)
  ((number > 0)) || fail "$1/manifest names no file: nothing was changed. Take another backup"
  report ok "$1 is a whole backup of $CLUSTER_NAME, of $(manifest_says "$1" time): $number files"
}

# Whoever leaves the cluster keeps them.
tell_upgrade_backups() {
  [[ ! -d $UPGRADE_BACKUPS ]] ||
    report skipped "backups that upgrades have made stay, with all keys of the cluster: $UPGRADE_BACKUPS"
}

# tell_backup FOLDER: for Prometheus, that this one is whole.
tell_backup() {
  local bytes
  bytes=$(du --summarize --bytes -- "$1" 2>/dev/null || true)
  write_file "$BACKUP_METRICS" 0644 "# HELP dojot_backup_timestamp_seconds When the last whole backup was made.
# TYPE dojot_backup_timestamp_seconds gauge
dojot_backup_timestamp_seconds $(date +%s)
# HELP dojot_backup_size_bytes Bytes of that backup.
# TYPE dojot_backup_size_bytes gauge
dojot_backup_size_bytes ${bytes%%[!0-9]*}
"
}

# ---- The timer.

readonly BACKUP_UNIT=/etc/systemd/system/dojot-backup

remove_backup_timer() {
  if [[ ! -e $BACKUP_UNIT.timer ]]; then
    report skipped 'there is no timer of backups'
    return 0
  fi
  live 'stop the timer of backups' systemctl disable --now dojot-backup.timer
  change 'remove it' rm -f -- "$BACKUP_UNIT.timer" "$BACKUP_UNIT.service" "$OWN_COPY"
  live 'read the unit files again' systemctl daemon-reload
}

# ---- brokers
# The brokers' own cluster. The name of each in it begins with that of its pod: `vmq@POD.…` (vmq-operator, vm.args).

# Whom a broker counts as members: NAME|true, or false where it does not see it
declare -a MEMBERS=()
SESSIONS_LEFT=''

# Seconds that VerneMQ waits for sessions to end before a broker leaves.
readonly LEAVE_TIMEOUT=300

# in_broker NAMESPACE POD COMMAND...
in_broker() {
  kube --namespace="$1" exec "$2" --container=vernemq -- "${@:3}" </dev/null
}

# read_members NAMESPACE POD: MEMBERS, as this broker sees them.
read_members() {
  local said
  said=$(in_broker "$1" "$2" vmq-admin cluster show --format=json) ||
    fail "the broker $1/$2 does not say who is in its cluster, see above"
  mapfile -t MEMBERS < <(printf '%s\n' "${said//\}/$'\n'}" |
    sed -n 's/.*"Node":"\([^"]*\)".*"Running":\(true\|false\).*/\1|\2/p')
  ((${#MEMBERS[@]})) || fail "the broker $1/$2 names no member of its cluster, but: $said"
}

# member_of POD: the row of its broker, if it is a member.
member_of() {
  printf '%s\n' "${MEMBERS[@]}" | grep -E -- "^[^|@]*@$1\." || true
}

# let_leave NAMESPACE POD MEMBER: told to the broker in POD, another one. Its exit code is 0 whatever it says.
let_leave() {
  local said
  said=$(in_broker "$1" "$2" vmq-admin cluster leave "node=$3" --kill_sessions "--timeout=$LEAVE_TIMEOUT") ||
    fail "the broker $1/$2 cannot be told to let $3 leave, see above"
  printf '%s\n' "$said"
  [[ $said == *Done* ]] ||
    fail "$3 has not left: ${said//$'\n'/; }. Its log says what it waits for; run this step again, and it goes on"
}

# For the sh of the broker's image: how many established connections have one of these addresses at the other end.
IFS= read -r -d '' COUNT_SESSIONS <<'END_OF_SCRIPT' || true
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -c "\($1\):[0-9A-F]\{4\} 01 " || true
END_OF_SCRIPT
readonly COUNT_SESSIONS

# count_sessions NAMESPACE POD: SESSIONS_LEFT, connections of the load balancers by the kernel. A health check is one for
# a moment, so the fewest of some looks.
count_sessions() {
  local look number addresses
  addresses=$(balancer_addresses)
  SESSIONS_LEFT=''
  for ((look = 0; look < 5; look++)); do
    number=$(in_broker "$1" "$2" sh -c "$COUNT_SESSIONS" sh "$addresses") ||
      fail "the container of $1/$2 cannot be asked for its sessions, see above"
    if [[ -z $SESSIONS_LEFT ]] || ((number < SESSIONS_LEFT)); then
      SESSIONS_LEFT=$number
    fi
    ((SESSIONS_LEFT)) || break
    sleep 1
  done
}

# balancer_addresses: whence load balancers connect, for grep, each as the kernel writes it: hexadecimal, the last byte first.
balancer_addresses() {
  local row address first more bytes=() found=''
  for row in "${LOAD_BALANCERS[@]}"; do
    columns "$row" _ first _ more
    for address in $first $more; do
      IFS=. read -r -a bytes <<<"$address"
      found+="${found:+\\|}$(printf '%02X%02X%02X%02X' "${bytes[3]}" "${bytes[2]}" "${bytes[1]}" "${bytes[0]}")"
    done
  done
  printf '%s' "$found"
}

# ---- certificates
# When certificates of this host end.

readonly KUBELET_CERTIFICATE=/var/lib/kubelet/pki/kubelet-client-current.pem
# Days: of a certificate of one year the kubelet asks for the next one when 70 to 90 % of it have passed.
readonly KUBELET_LATE=30

# certificate_of PATH: of a kubeconfig, the one in it; else the file.
certificate_of() {
  if [[ $1 == *.conf ]]; then
    sed -n 's/^ *client-certificate-data: //p' -- "$1" | base64 --decode
  else
    cat -- "$1"
  fi
}

# certificate_end PATH: in seconds since 1970.
certificate_end() {
  local said
  said=$(certificate_of "$1" | openssl x509 -noout -enddate) || fail "$1 holds no certificate"
  date --utc --date="${said#*=}" +%s
}

# days_until SECONDS
days_until() {
  printf 'on %s (%s days)' "$(date --utc --date="@$1" +%Y-%m-%d)" "$((($1 - $(date +%s)) / 86400))"
}

# The kubelet renews its own: one that is late has not been able to.
look_at_kubelet_certificate() {
  local ends
  [[ -e $KUBELET_CERTIFICATE ]] || return 0
  ends=$(certificate_end "$KUBELET_CERTIFICATE")
  (($(date +%s) + 86400 * KUBELET_LATE <= ends)) ||
    fail "the kubelet has not renewed its own certificate, which ends $(days_until "$ends"): see journalctl -u kubelet, and kubectl get certificatesigningrequests"
  report ok "$KUBELET_CERTIFICATE ends $(days_until "$ends"); the kubelet renews it"
}

# ---- command-line
# The command line: bootstrap.sh STEP [OPTION...]. Steps and options are two tables, made of the heads in steps/ and lib/.

show_help() {
  local row name help
  printf 'Usage: bootstrap.sh STEP [OPTION...]\n\n'
  printf 'Builds the cluster %s up to the point where Argo CD takes over.\n' "$CLUSTER_NAME"
  printf 'Every step can run again: it changes only what is not yet as it should be.\n\nSteps:\n'
  for row in "${STEPS[@]}"; do
    columns "$row" name help _
    printf '  %-15s %s\n' "$name" "$help"
  done
  show_options "${STEP_OPTIONS[@]}"
  printf '  %-19s this text, or with a step that step'\''s\n' --help
  printf '\nEach line of output says done, skipped, would or failed, and what.\n'
  printf 'Exit code: 0 all is well, 1 a step failed or verify found something, 2 wrong usage, 75 another run is at work.\n'
}

# show_step_help STEP
show_step_help() {
  local row name help options machine elsewhere option taken=()
  columns "$(rows "$1" "${STEPS[@]}")" name help options machine elsewhere _
  printf 'bootstrap.sh %s: %s\nWhere: %s%s.\n' "$name" "$help" "$machine" "$elsewhere"
  for option in $options; do
    taken+=("$(rows "$option" "${STEP_OPTIONS[@]}")")
  done
  if ((${#taken[@]})); then
    show_options "${taken[@]}"
  fi
}

# show_options ROW...
show_options() {
  local row option value default text
  printf '\nOptions:\n'
  for row in "$@"; do
    columns "$row" option value default text
    printf '  %-19s %s\n' "$option${value:+ $value}" "$(tr ' ' '\n' <<<"$text${default:+ (default: $default)}" | wrapped 22)"
  done
}

# wrapped INDENT: its input, a line each of what belongs together, in lines that a terminal shows.
wrapped() {
  local piece line=''
  while read -r piece; do
    if ((${#line} + ${#piece} > 105 - $1)); then
      printf '%s\n%*s' "$line" "$1" ''
      line=''
    fi
    line+=${line:+ }$piece
  done
  printf '%s' "$line"
}

# takes STEP OPTION
takes() {
  local options
  columns "$(rows "$1" "${STEPS[@]}")" _ _ options _
  [[ " $options " == *" $2 "* ]]
}

# steps_that_take OPTION: as in `a, b and c`.
steps_that_take() {
  local row step text='' last=''
  for row in "${STEPS[@]}"; do
    columns "$row" step _
    takes "$step" "$1" || continue
    text+=${last:+${text:+, }$last}
    last=$step
  done
  printf '%s' "${text:+$text and }$last"
}

# read_option WORD [NEXT WORD]: 1 where the next word is its value.
read_option() {
  local row name=${1%%=*} value
  row=$(rows "$name" "${STEP_OPTIONS[@]}")
  columns "$row" _ value _
  if [[ -z $row || (-z $value && $1 == *=*) ]]; then
    usage_error "unknown option $1 (see --help)"
  elif [[ -z $value ]]; then
    set_option "${name#--}" yes
  elif [[ $1 == *=* ]]; then
    [[ -n ${1#*=} ]] || usage_error "$name needs a value"
    set_option "${name#--}" "${1#*=}"
  else
    [[ -n ${2-} ]] || usage_error "$name needs a value"
    set_option "${name#--}" "$2"
    return 1
  fi
}

set_defaults() {
  local row option default
  for row in "${STEP_OPTIONS[@]}"; do
    columns "$row" option _ default _
    set_option "${option#--}" "$default"
  done
}

main() {
  local step='' wants_help=''
  set_defaults
  while (($#)); do
    case $1 in
      --help | -h) wants_help=yes ;;
      -*) read_option "$@" || shift ;;
      *)
        [[ -z $step ]] || usage_error "one step at a time: $step or $1?"
        columns "$(rows "$1" "${STEPS[@]}")" step _
        [[ -n $step ]] || usage_error "unknown step $1 (see --help)"
        ;;
    esac
    shift
  done
  if [[ -n $wants_help && -n $step ]]; then
    show_step_help "$step"
    return 0
  elif [[ -n $wants_help ]]; then
    show_help
    return 0
  fi
  [[ -n $step ]] || usage_error 'which step? (see --help)'
  check_root_option
  if needs_lock "$step"; then
    lock
  fi
  working_on "$step"
  "step_${step//-/_}"
}

# ---- compiled
# The compiled folder of this cluster: --compiled, or the one that holds this script.

compiled() {
  local given
  given=$(option compiled)
  printf '%s' "${given:-$(dirname -- "${BASH_SOURCE[0]}")/..}"
}

# need_compiled FOLDER FILE...
need_compiled() {
  local folder file
  folder=$(compiled)/$1
  shift
  for file in "$@"; do
    [[ -r $folder/$file ]] ||
      fail "$folder/$file is missing: copy the whole compiled/$CLUSTER_NAME to this machine, or name its place with --compiled"
  done
}

# ---- confirm
# What cannot be taken back, a person has to want.

# need_force WHY: refuse, unless --force is given.
need_force() {
  [[ -n $(option force) ]] || refuse "$1. Nothing was changed; --force does it all the same"
}

# need_word WHAT: a person says that this is the cluster, and that WHAT may happen.
need_word() {
  local given
  given=$(option yes)
  if [[ -z $given ]] && ! dry_run; then
    printf '%s\nIf so, type the name of the cluster:\n' "$1" >&2
    read -r given || true
  fi
  [[ $given == "$CLUSTER_NAME" ]] || dry_run ||
    fail "the name of the cluster is $CLUSTER_NAME, not ${given:-empty}: nothing was changed"
}

# ---- control-planes
# Several control planes: each has an API server and a member of etcd, which goes on while more than half of them do.

# other_control_planes: `NAME|ADDRESS` of each but this host, a line each.
other_control_planes() {
  local row name address role
  for row in "${NODES[@]}"; do
    columns "$row" name address role _
    [[ $role != control-plane || $name == "$(self name)" ]] || printf '%s\n' "$name|$address"
  done
}

# is_first: of the control planes, as the inventory has them.
is_first() {
  [[ ${SELF[role]} == control-plane && " ${OTHER_CONTROL_PLANES[*]} " != *" ${SELF[name]} "* ]]
}

# need_no_other_api_server: 1 where another control plane is at work: whatever is made here would be a second cluster.
need_no_other_api_server() {
  local row name address
  for row in $(other_control_planes); do
    columns "$row" name address
    if timeout 3 bash -c "exec 3<>/dev/tcp/$address/6443" 2>/dev/null; then
      refuse "the control plane $name answers at $address:6443, and this host would begin another cluster. Where $name has the cluster (kubectl get nodes, there), this host joins it: bootstrap.sh join-key --lost $(self name) on $name, then join-control-plane here. Where it has none that is of any use: bootstrap.sh remove on $name"
      return 1
    fi
  done
}

wait_for_control_plane() {
  local name
  name=$(self name)
  await "node $name is Ready" kube wait --for=condition=Ready "node/$name" --timeout=300s
}

# ---- databases
# The databases of the inventory, saved and filled again by the programs of their own images, in their pods. No password is an
# argument of theirs.

# in_database SERVICE SCRIPT [ARGUMENT...]: SCRIPT, for the sh of its image, with the input of this function.
in_database() {
  local namespace kind
  columns "$(rows "$1" "${DATABASES[@]}")" _ namespace kind _
  kube --namespace="$namespace" exec --stdin "$kind/$1" --container="$1" -- sh -c "$2" "$1" "${@:3}"
}

# database_names: a line each.
database_names() {
  local row name
  for row in "${DATABASES[@]}"; do
    columns "$row" name _
    printf '%s\n' "$name"
  done
}

# save_database SERVICE FOLDER: into files below FOLDER/SERVICE.
save_database() {
  mkdir -- "$2/$1"
  "save_$(maker_of "$1")" "$1" "$2/$1"
}

# fill_database SERVICE FOLDER: out of what save_database has made.
fill_database() {
  "fill_$(maker_of "$1")" "$1" "$2/$1"
}

# maker_of SERVICE: postgres or mongodb; nothing where it is no database of the inventory.
maker_of() {
  local maker
  columns "$(rows "$1" "${DATABASES[@]}")" _ _ _ maker
  printf '%s' "$maker"
}

# ---- PostgreSQL: a dump for each database, and a list of them with their owners. Roles and passwords are not saved: a
# server that starts empty makes them of the cluster's Secrets.

# DATABASE [NAME OWNER]: statements come by its input, where psql knows :"name" and :'name'.
IFS= read -r -d '' PSQL <<'END_OF_SCRIPT' || true
export PGPASSWORD="$POSTGRES_PASSWORD"
exec psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
  --username="$POSTGRES_USER" --dbname="$1" --set=name="${2-}" --set=owner="${3-}"
END_OF_SCRIPT
readonly PSQL

# DATABASE
IFS= read -r -d '' PG_DUMP <<'END_OF_SCRIPT' || true
export PGPASSWORD="$POSTGRES_PASSWORD"
exec pg_dump --no-password --username="$POSTGRES_USER" --dbname="$1"
END_OF_SCRIPT
readonly PG_DUMP
readonly PG_DUMP_END='-- PostgreSQL database dump complete'

save_postgres() {
  local database
  in_database "$1" "$PSQL" postgres >"$2/databases" <<'END'
select datname, pg_get_userbyid(datdba) from pg_database where datallowconn and not datistemplate order by 1;
END
  while IFS='|' read -r database _; do
    [[ $database =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]*$ ]] ||
      fail "$1 has a database whose name can be no file's: $database. Rename it, or drop it"
    in_database "$1" "$PG_DUMP" "$database" </dev/null | gzip >"$2/$database.sql.gz"
    # Whatever the way from the pod to here has lost.
    zcat -- "$2/$database.sql.gz" | tail -n 20 | grep -xF -e "$PG_DUMP_END" >/dev/null ||
      fail "the dump of the database $database of $1 has no end: run this step again"
  done <"$2/databases"
}

# Begins the transaction that a dump then fills: others see what was until it is committed. Whoever has it open is asked
# to leave, comes back, and waits.
IFS= read -r -d '' EMPTIED <<'END' || true
set client_min_messages = warning;
select count(pg_terminate_backend(pid)) from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid();
begin;
do $$
declare
  statement text;
begin
  foreach statement in array array(
    select format('drop schema if exists %I cascade', nspname) from pg_namespace
      where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')
    union all
    select format('drop extension if exists %I cascade', extname) from pg_extension where extname <> 'plpgsql'
    union all
    select format('drop %s if exists public.%I cascade', case relkind when 'v' then 'view' when 'S' then 'sequence'
      when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end, relname) from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    union all
    select format('drop function if exists %s cascade', oid::regprocedure) from pg_proc
      where pronamespace = 'public'::regnamespace
    union all
    select format('drop type if exists public.%I cascade', typname) from pg_type
      where typnamespace = 'public'::regnamespace and typtype in ('d', 'e', 'r')
  )
  loop
    execute statement;
  end loop;
end
$$;
END
readonly EMPTIED

# One by one, each whole or not at all: where the input ends before its last line, PostgreSQL takes all of it back.
fill_postgres() {
  local database owner found
  while IFS='|' read -r database owner; do
    found=$(in_database "$1" "$PSQL" postgres "$database" <<<"select 1 from pg_database where datname = :'name';")
    if [[ -z $found ]]; then
      in_database "$1" "$PSQL" postgres "$database" "$owner" <<<'create database :"name" owner :"owner";'
    fi
    {
      printf '%s' "$EMPTIED"
      zcat -- "$2/$database.sql.gz"
      printf 'commit;\n'
    } | in_database "$1" "$PSQL" "$database" >/dev/null
  done <"$2/databases"
}

# ---- MongoDB: one archive. Its tools read a password that no argument gives from their input. It comes from the Secret:
# the environment of a pod has that of its start, which may have been rotated since.

IFS= read -r -d '' MONGODUMP <<'END_OF_SCRIPT' || true
exec mongodump --username="$MONGO_INITDB_ROOT_USERNAME" --authenticationDatabase=admin --archive
END_OF_SCRIPT
readonly MONGODUMP

# A collection of the archive takes the place of the one with its name; others stay.
IFS= read -r -d '' MONGORESTORE <<'END_OF_SCRIPT' || true
IFS= read -r password
exec 3<&0
printf '%s\n' "$password" |
  mongorestore --username="$MONGO_INITDB_ROOT_USERNAME" --authenticationDatabase=admin --drop --archive=/dev/fd/3
END_OF_SCRIPT
readonly MONGORESTORE

# mongodb_password SERVICE: a line.
mongodb_password() {
  local secret key found=()
  mapfile -t found < <(printf '%s\n' "${ROTATIONS[@]}" | grep -E "\|mongodb\|[^|]*\|[^|]*/$1\|")
  columns "${found[0]-}" secret key _
  secret_lines "$secret" "$key"
}

save_mongodb() {
  mongodb_password "$1" | in_database "$1" "$MONGODUMP" | gzip >"$2/archive.gz"
}

# MongoDB cannot take half of it back: after a failure it has to run again.
fill_mongodb() {
  {
    mongodb_password "$1"
    zcat -- "$2/archive.gz"
  } | in_database "$1" "$MONGORESTORE"
}

# ---- drained
# Drained servers of HAProxy have weight 0: they keep their sessions and get no new ones.
#
# That stands in the configuration on this host, because whoever starts or reloads HAProxy reads it there; the admin
# socket tells the process that runs. HAProxy's own way, server-state-file, would have to be written before each reload,
# whoever makes it, and brings the server's former port back (2.0 and 3.2 alike): a NodePort that the new configuration
# changes would not be used.

# The configuration on this host; nothing where there is none yet.
installed_config() {
  cat -- "${OPTION[root]-}$HAPROXY_CONFIG" 2>/dev/null || true
}

# drained_servers TEXT: a line each, by a configuration.
drained_servers() {
  printf '%s\n' "$1" | sed -n 's/^    server \([a-z0-9-]*\)[.0-9]* .* weight 0$/\1/p' | sort --unique
}

# with_drained TEXT SERVER...: the configuration with these servers drained, and no other.
with_drained() {
  local server edits=(--expression='s/^\(    server .*\) weight 0$/\1/')
  for server in "${@:2}"; do
    edits+=(--expression="s/^    server $server\(\.[0-9]*\)\{0,1\} .*/& weight 0/")
  done
  printf '%s\n' "$1" | sed "${edits[@]}"
}

# weigh SERVER 0|1: in the configuration, then in the process that runs: a reload in between finds it there.
weigh() {
  local row listener state line text drained=() rows=() what=drain
  (($2 == 0)) || what=undrain
  if ! haproxy_known; then
    report would "$what $1 in every listener that has it"
    return 0
  fi
  text=$(installed_config)
  [[ -n $text ]] || fail "$HAPROXY_CONFIG is missing, so HAProxy runs with another one: run the step load-balancer"
  mapfile -t drained < <(drained_servers "$text" | grep -vxF -- "$1" || true)
  [[ $what == undrain ]] || drained+=("$1")
  write_file "$HAPROXY_CONFIG" 0640 "$(with_drained "$text" "${drained[@]}")"$'\n'
  mapfile -t rows < <(of_server "$1")
  for row in "${rows[@]}"; do
    columns "$row" listener _ state _ line
    if [[ $what == drain && $state == drained ]]; then
      report skipped "$line is drained in $listener"
    elif [[ $what == undrain && $state != drained ]]; then
      report skipped "$line is not drained in $listener"
    else
      change "$what $line in $listener" weigh_now "$listener/$line" "$2"
    fi
  done
}

# weigh_now LISTENER/SERVER 0|1: whoever has drained it by a state of the socket is undone, too.
weigh_now() {
  (($2 == 0)) || tell_haproxy "set server $1 state ready"
  tell_haproxy "set weight $1 $2"
}

# ---- etcd
# etcd's data: saved by the program that comes in its own image, and put back by that, so that both are of etcd's release.

readonly ETCD_FOLDER=/var/lib/etcd
readonly ETCD_DATA=/var/lib/etcd/member
readonly KUBERNETES_FOLDER=/etc/kubernetes

# etcdctl_on NAME ARGUMENT...: in etcd's pod on the node NAME.
etcdctl_on() {
  local pki=$KUBERNETES_FOLDER/pki/etcd
  kube --namespace=kube-system exec "etcd-$1" -- etcdctl --endpoints=https://127.0.0.1:2379 \
    --cacert="$pki/ca.crt" --cert="$pki/healthcheck-client.crt" --key="$pki/healthcheck-client.key" "${@:2}"
}

# etcd_members NAME: `ID ADDRESS` of each that etcd on the node NAME knows; one that has not begun yet has no other name.
etcd_members() {
  etcdctl_on "$1" member list | sed -n 's|^\([0-9a-f]*\), [a-z]*, [^,]*, https://\([0-9.]*\):2380.*|\1 \2|p'
}

# etcd_well NAME: the address of each member that is well, as etcd on the node NAME sees it.
etcd_well() {
  { etcdctl_on "$1" endpoint health --cluster 2>&1 || true; } | sed -n 's|^https://\(.*\):2379 is healthy.*|\1|p'
}

# save_etcd FILE: a snapshot of the etcd that runs. Its pod sees the host's folder, and no other place to write to.
save_etcd() {
  local snapshot=$ETCD_FOLDER/dojot-backup.db
  SCRATCH+=("$snapshot" "$snapshot.part")
  etcdctl_on "$(self name)" snapshot save "$snapshot"
  chmod 0600 "$snapshot"
  mv -- "$snapshot" "$1"
}

# restore_etcd FILE CONFIG: etcd's data out of a snapshot, before any etcd has run on this host; in the image that kubeadm
# takes with this configuration.
restore_etcd() {
  local image member program=(etcdutl snapshot restore --bump-revision=1000000000 --mark-compacted)
  local folder=$ETCD_FOLDER/restored snapshot=$ETCD_FOLDER/restored.db
  install --directory --mode=0700 -- "$ETCD_FOLDER"
  rm -rf -- "$folder"
  SCRATCH+=("$folder" "$snapshot")
  image=$(kubeadm config images list --config="$2" | grep '/etcd:')
  install --mode=0600 -- "$1" "$snapshot"
  # Kubelets have seen newer revisions than the snapshot's: bumped, it is newer to them, and they read all anew. A release
  # before 3.5 has neither that nor this program.
  if ! run_image "$image" etcdutl version >/dev/null 2>&1; then
    program=(etcdctl snapshot restore)
  fi
  member="$(self name)=https://$(self address):2380"
  run_image "$image" "${program[@]}" "$snapshot" --data-dir="$folder" --name="$(self name)" \
    --initial-cluster="$member" --initial-advertise-peer-urls="${member#*=}"
  mv -- "$folder/member" "$ETCD_DATA"
}

# run_image IMAGE COMMAND...: on this host, without a cluster; it sees etcd's folder and nothing else of the host.
run_image() {
  "run_image_$RUNTIME_NAME" "$ETCD_FOLDER" "$@"
}

# ---- files
# Files of this host: written beside their place and moved into it, so that no
# reader ever sees half a file.

FILE_CHANGED=''

# Did the last write_file or fetch change the file (or would it)?
file_changed() {
  [[ -n $FILE_CHANGED ]]
}

# Before it is changed.
file_changes() {
  FILE_CHANGED=yes
  owe_creditor
}

# is_written PATH MODE TEXT: would write_file leave it as it is?
is_written() {
  local path=${OPTION[root]-}$1
  [[ -f $path && $(stat -c %a -- "$path") == "${2#0}" ]] && cmp --silent -- "$path" <(printf '%s' "$3")
}

# write_file PATH MODE TEXT [keep]: `keep` leaves the former file as PATH.previous.
write_file() {
  local path=${OPTION[root]-}$1 mode=$2 text=$3 keep=${4-} temporary=''
  FILE_CHANGED=''
  if is_written "$@"; then
    report skipped "$path is as it should be"
    return 0
  fi
  file_changes
  if dry_run; then
    report would "write $path"
    return 0
  fi
  working_on "write $path"
  mkdir -p -- "${path%/*}"
  if [[ -n $keep && -e $path ]]; then
    cp --preserve=all -- "$path" "$path.previous"
  fi
  scratch temporary "${path%/*}/.${path##*/}.XXXXXX"
  printf '%s' "$text" >"$temporary"
  chmod -- "$mode" "$temporary"
  mv --force -- "$temporary" "$path"
  report 'done' "write $path"
}

# download URL PATH: over HTTPS only, redirects included.
download() {
  # The bounds of speed are for a mirror that stalls: no bound of time suits every line.
  through_proxy curl --fail --silent --show-error --location --proto '=https' --retry 3 \
    --connect-timeout 20 --speed-limit 1024 --speed-time 60 --output "$2" -- "$1"
}

has_sha256() {
  [[ -f $1 ]] && printf '%s  %s\n' "$2" "$1" | sha256sum --check --status
}

# fetch URL SHA256 PATH MODE: only bytes with this checksum ever reach PATH.
fetch() {
  local url=$1 sha256=$2 path=${OPTION[root]-}$3 mode=$4 temporary=''
  FILE_CHANGED=''
  if has_sha256 "$path" "$sha256"; then
    report skipped "$path has the right checksum"
    return 0
  fi
  file_changes
  if dry_run; then
    report would "download $url to $path"
    return 0
  fi
  working_on "download $url"
  mkdir -p -- "${path%/*}"
  scratch temporary "${path%/*}/.${path##*/}.XXXXXX"
  download "$url" "$temporary"
  has_sha256 "$temporary" "$sha256" ||
    fail "download $url: what came does not have the SHA-256 $sha256; nothing was installed"
  chmod -- "$mode" "$temporary"
  mv --force -- "$temporary" "$path"
  report 'done' "download $url to $path"
}

# ---- firewall
# The firewall of a node: a table of nftables of its own, loaded before the network comes up at every boot. SSH is not in
# it, so that no mistake of the inventory locks anybody out.

readonly FIREWALL_FILE=/etc/dojot/firewall.nft
readonly FIREWALL_SERVICE=dojot-firewall

configure_firewall() {
  if [[ $FIREWALL_ENABLED == true ]]; then
    install_firewall
  else
    remove_firewall
  fi
}

install_firewall() {
  check_firewall
  owing "$FIREWALL_SERVICE" write_file "$FIREWALL_FILE" 0644 "$FIREWALL"
  write_file "/etc/systemd/system/$FIREWALL_SERVICE.service" 0644 "$(firewall_unit)"$'\n'
  read_unit "$FIREWALL_SERVICE"
  # A program that has flushed every table has taken this one along.
  if is_active "$FIREWALL_SERVICE" && { is_owed "$FIREWALL_SERVICE" || ! firewall_is_loaded; }; then
    live 'load the firewall anew' systemctl reload "$FIREWALL_SERVICE"
    settle "$FIREWALL_SERVICE"
  fi
  run_service "$FIREWALL_SERVICE"
}

# Before it takes the place of one that works.
check_firewall() {
  local file=''
  ! dry_run && [[ -z ${OPTION[root]-} ]] || return 0
  scratch file "${TMPDIR:-/tmp}/dojot-firewall.XXXXXX"
  printf '%s' "$FIREWALL" >"$file"
  working_on 'check the firewall'
  nft --check --file "$file" >&2 || fail "nft refuses the firewall of the inventory, see above: nothing of it was changed"
}

# Beside what nft makes of the file in a network of its own: it writes rules otherwise than a file may. What a rule has
# counted is none of it.
firewall_is_loaded() {
  local loaded wanted
  loaded=$(nft --stateless list table inet dojot 2>/dev/null) || return 1
  wanted=$(unshare --net -- bash -c "nft --file $FIREWALL_FILE && nft --stateless list table inet dojot" 2>/dev/null) || return 0
  [[ $loaded == "$wanted" ]]
}

remove_firewall() {
  local unit=/etc/systemd/system/$FIREWALL_SERVICE.service
  if [[ ! -e ${OPTION[root]-}$unit ]]; then
    report skipped 'this host has no firewall of this script'
    return 0
  fi
  live 'take the firewall away' systemctl disable --now "$FIREWALL_SERVICE"
  change "remove $unit" rm -f -- "${OPTION[root]-}$unit"
  live 'read the unit files again' systemctl daemon-reload
}

# After nftables.service, which begins with flushing every table where somebody uses it.
firewall_unit() {
  cat <<UNIT
[Unit]
Description=Who may reach which ports of this node
Documentation=man:nft(8)
Wants=network-pre.target
Before=network-pre.target shutdown.target
After=nftables.service
Conflicts=shutdown.target
DefaultDependencies=no

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft --file $FIREWALL_FILE
ExecReload=/usr/sbin/nft --file $FIREWALL_FILE
ExecStop=/usr/sbin/nft delete table inet dojot

[Install]
WantedBy=sysinit.target
UNIT
}

# ---- follow-timer
# The timer of a load balancer that follows, and what it runs: the step follow of the copy of this script on this host.

readonly FOLLOW_UNIT=/etc/systemd/system/dojot-follow
# Seconds: the longest that a look takes.
readonly FOLLOW_LONGEST=600

follow_by_timer() {
  local every folder
  if ((${#FOLLOW[@]} == 0)); then
    remove_follow_timer
    return 0
  fi
  columns "${FOLLOW[0]}" every _
  # OpenSSH reaches a repository whose address says so, and checks signatures.
  install_packages git openssh-client
  install_own_copy
  # Where the service may write; without one of them systemd does not start it.
  for folder in "${FOLLOW_METRICS%/*}" "${OWED_FOLDER%/*}"; do
    if [[ ! -d ${OPTION[root]-}$folder ]]; then
      change "make ${OPTION[root]-}$folder" install --directory --mode=0755 -- "${OPTION[root]-}$folder"
    fi
  done
  write_file "$FOLLOW_UNIT.service" 0644 "$(follow_service)"$'\n'
  read_unit dojot-follow.service
  owing dojot-follow.timer write_file "$FOLLOW_UNIT.timer" 0644 "$(follow_timer "$every")"$'\n'
  read_unit dojot-follow.timer
  run_service dojot-follow.timer
}

remove_follow_timer() {
  if [[ ! -e ${OPTION[root]-}$FOLLOW_UNIT.timer ]]; then
    report skipped 'there is no timer that follows the repository'
    return 0
  fi
  live 'stop the timer that follows the repository' systemctl disable --now dojot-follow.timer dojot-follow.service
  change 'remove it' rm -rf -- "${OPTION[root]-}$FOLLOW_UNIT".{timer,service} "${OPTION[root]-}$OWN_COPY" \
    "${OPTION[root]-}$FOLLOW_REPOSITORY" "${OPTION[root]-}$FOLLOW_STATE" "${OPTION[root]-}$FOLLOW_METRICS"
  live 'read the unit files again' systemctl daemon-reload
}

follow_service() {
  cat <<UNIT
[Unit]
Description=HAProxy of dojot follows the repository
After=network-online.target haproxy.service
Wants=network-online.target

[Service]
Type=oneshot
ExecStart=/bin/bash $OWN_COPY follow
# Another look is at work.
SuccessExitStatus=75
TimeoutStartSec=$FOLLOW_LONGEST
# Root's own settings of Git and OpenSSH: credentials, keys of hosts.
Environment=HOME=/root
UMask=0022
PrivateTmp=true
PrivateDevices=true
ProtectSystem=strict
ReadWritePaths=${HAPROXY_CONFIG%/*} ${FOLLOW_STATE%/*} ${OWED_FOLDER%/*}
ProtectHome=read-only
ProtectKernelModules=true
ProtectKernelTunables=true
ProtectKernelLogs=true
ProtectControlGroups=true
ProtectClock=true
ProtectHostname=true
NoNewPrivileges=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
LockPersonality=true
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @debug @module @mount @obsolete @raw-io @reboot @swap
SystemCallErrorNumber=EPERM
# What root needs of its own files.
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER
UNIT
}

# follow_timer SECONDS: counted from the end of a look, so that two never meet.
follow_timer() {
  cat <<UNIT
[Unit]
Description=HAProxy of dojot looks into the repository every $1 s

[Timer]
OnBootSec=30s
OnUnitInactiveSec=$1s
AccuracySec=1s

[Install]
WantedBy=timers.target
UNIT
}

# ---- follow
# What a load balancer that follows finds in the repository, and what is known of its last look.

# The last look, for people and for `verify`; what Prometheus reads of it by this host's node-exporter.
readonly FOLLOW_STATE=/var/lib/dojot/follow.json
readonly FOLLOW_METRICS=/var/lib/dojot/metrics/follow.prom

# last_look KEY: what the last look has noted; nothing where there was none.
last_look() {
  sed -n "s/^  \"$1\": \"\{0,1\}\(.*[^\",]\)\"\{0,1\},\{0,1\}\$/\1/p" -- "$FOLLOW_STATE" 2>/dev/null | sed 's/\\\(.\)/\1/g' || true
}

# note_look RESULT WORDS WANTED INSTALLED FOLLOWED REFUSED DUE: RESULT is installed, waiting, refused or unreachable. FOLLOWED
# is when this host last had what is wanted, in seconds since 1970; empty: never. REFUSED is 0 or 1, DUE names files.
note_look() {
  local revision
  columns "${FOLLOW[0]}" _ revision _
  write_file "$FOLLOW_STATE" 0644 "{
  \"result\": \"$1\",
  \"words\": \"$(in_json "$2")\",
  \"revision\": \"$revision\",
  \"wanted\": \"$3\",
  \"installed\": \"$4\",
  \"looked\": $(date +%s),
  \"followed\": ${5:-0},
  \"refused\": $6,
  \"step_due\": \"$(in_json "$7")\"
}
" >/dev/null
  write_file "$FOLLOW_METRICS" 0644 "# HELP dojot_balancer_followed_timestamp_seconds When the load balancer last had the commit that is wanted.
# TYPE dojot_balancer_followed_timestamp_seconds gauge
dojot_balancer_followed_timestamp_seconds ${5:-0}
# HELP dojot_balancer_commit_refused Whether the commit that is wanted is not installed because something is wrong with it.
# TYPE dojot_balancer_commit_refused gauge
dojot_balancer_commit_refused $6
# HELP dojot_balancer_step_due Whether that commit changes more of the host than haproxy.cfg.
# TYPE dojot_balancer_step_due gauge
dojot_balancer_step_due $([[ -z $7 ]] && printf 0 || printf 1)
" >/dev/null
}

# in_json TEXT: as it stands between quotes.
in_json() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  printf '%s' "${text//[[:cntrl:]]/ }"
}

# look_unreachable WHY: what was known of the commit stays so.
look_unreachable() {
  local refused
  refused=$(last_look refused)
  note_look unreachable "$1" "$(last_look wanted)" "$(installed_commit)" "$(last_look followed)" "${refused:-0}" \
    "$(last_look step_due)"
  fail "$1. The configuration stays as it is"
}

# look_refused COMMIT WHY [DUE]
look_refused() {
  note_look refused "${1:0:12} is not installed: $2" "$1" "$(installed_commit)" "$(last_look followed)" 1 "${3-}"
  fail "${1:0:12} is not installed: $2. The configuration stays as it is"
}

# look_waits COMMIT WHY [DUE]: the next look tries again.
look_waits() {
  note_look waiting "${1:0:12} waits: $2" "$1" "$(installed_commit)" "$(last_look followed)" 0 "${3-}"
  report skipped "${1:0:12} waits: $2"
  exit 0
}

# ---- haproxy-certificate
# The certificate that HAProxy shows to callers of the API and of Grafana. It is the operator's to bring; until it is there,
# this host has one of its own, which no browser trusts, so that no password ever travels in plain text.

# By which a certificate of ours is known.
readonly CERTIFICATE_ISSUER='dojot load balancer (self-signed)'
# Days. Nobody trusts it anyhow, so it need not be short; five years are longer than any release of HAProxy lives.
readonly OWN_CERTIFICATE_DAYS=1825 CERTIFICATE_LATE=30

# keep_certificate: before HAProxy is asked to read it.
keep_certificate() {
  local path=${OPTION[root]-}$HAPROXY_CERTIFICATE
  [[ -n $HAPROXY_CERTIFICATE ]] || return 0
  if [[ ! -e $path ]]; then
    owing haproxy make_certificate 'which no browser trusts: put yours there'
  elif is_own_certificate "$path" && ! serves "$path"; then
    owing haproxy make_certificate 'in place of its own, which ends or is for another name'
  elif [[ $(stat -c %a -- "$path") != 600 ]]; then
    change "let nobody but root read $path, which holds a key" chmod 0600 -- "$path"
  else
    report skipped "$path is there"
  fi
}

# Is there none yet that a HAProxy could read?
certificate_to_come() {
  [[ -n $HAPROXY_CERTIFICATE && ! -e ${OPTION[root]-}$HAPROXY_CERTIFICATE ]]
}

is_own_certificate() {
  [[ $(openssl x509 -noout -issuer -nameopt RFC2253 -in "$1" 2>/dev/null || true) == "issuer=O=$CERTIFICATE_ISSUER" ]]
}

# serves FILE: for a while yet, and for what clients call this host.
serves() {
  local name kind
  openssl x509 -noout -checkend "$((86400 * CERTIFICATE_LATE))" -in "$1" >/dev/null || return 1
  while IFS=: read -r kind name; do
    case $kind in
      IP) openssl x509 -noout -checkip "$name" -in "$1" ;;
      *) openssl x509 -noout -checkhost "$name" -in "$1" ;;
    esac | grep -q ' does match ' || return 1
  done < <(names_of_this_host)
}

# KIND:NAME, a line each, as a certificate states them.
names_of_this_host() {
  if [[ $HAPROXY_CERTIFICATE_NAME =~ ^[0-9.]+$ ]]; then
    printf 'IP:%s\n' "$HAPROXY_CERTIFICATE_NAME"
  else
    printf 'DNS:%s\n' "$HAPROXY_CERTIFICATE_NAME"
  fi
  printf 'IP:%s\n' "$(self address)" ${SHARED_ADDRESS:+"$SHARED_ADDRESS"} | sort --unique
}

# make_certificate WHY
make_certificate() {
  file_changes
  change "make $HAPROXY_CERTIFICATE, $1" write_own_certificate "${OPTION[root]-}$HAPROXY_CERTIFICATE"
}

# The key and its certificate in one file, as HAProxy wants them; nobody else ever reads any of it.
write_own_certificate() {
  local whole='' secret=''
  mkdir -p -- "${1%/*}"
  scratch whole "${1%/*}/.${1##*/}.XXXXXX"
  scratch secret "${1%/*}/.${1##*/}.key.XXXXXX"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days "$OWN_CERTIFICATE_DAYS" \
    -subj "/O=$CERTIFICATE_ISSUER" -addext "subjectAltName=$(names_of_this_host | paste -sd ,)" \
    -keyout "$secret" -out "$whole"
  cat -- "$secret" >>"$whole"
  mv --force -- "$whole" "$1"
}

# ---- haproxy-config
# The configuration of HAProxy on this host: a compiled one, with the NodePorts that Kubernetes has chosen, and with the
# servers that somebody has drained.

HAPROXY_TEXT=''

# want_haproxy FILE: HAPROXY_TEXT is what this host is to have of it; empty where --dry-run does not know the NodePorts.
want_haproxy() {
  local drained=()
  HAPROXY_TEXT=$(<"$1")
  if ((${#NODE_PORTS[@]})); then
    if dry_run && [[ ! -r $(option node-ports) ]]; then
      HAPROXY_TEXT=''
      return 0
    fi
    set_node_ports
    HAPROXY_TEXT=$NODE_PORT_SETTINGS$HAPROXY_TEXT
  fi
  mapfile -t drained < <(drained_servers "$(installed_config)")
  HAPROXY_TEXT=$(with_drained "$HAPROXY_TEXT" "${drained[@]}")
}

# check_haproxy FILE: HAProxy takes what want_haproxy has made of it.
check_haproxy() {
  local checked=$1 text=$HAPROXY_TEXT drained=()
  # With --root, the certificate is below it.
  if [[ -n $HAPROXY_CERTIFICATE ]]; then
    text=${text//" crt $HAPROXY_CERTIFICATE"/" crt ${OPTION[root]-}$HAPROXY_CERTIFICATE"}
  fi
  if [[ $text != "$(<"$1")" ]]; then
    scratch checked "${TMPDIR:-/tmp}/dojot-haproxy.XXXXXX"
    printf '%s\n' "$text" >"$checked"
  fi
  if dry_run && certificate_to_come; then
    report would "check $1"
  elif command -v haproxy >/dev/null; then
    working_on "check $1"
    haproxy -c -f "$checked" >&2 || fail "haproxy refuses $1: the running configuration stays"
  fi
  # Without those that the inventory has no longer.
  mapfile -t drained < <(drained_servers "$HAPROXY_TEXT")
  if ((${#drained[@]})); then
    report skipped "drained servers stay drained: ${drained[*]} (see undrain)"
  fi
}

# Is HAProxy still to read what this host is to have?
needs_a_reload() {
  is_active haproxy && { is_owed haproxy || ! has_haproxy_text; }
}

has_haproxy_text() {
  is_written "$HAPROXY_CONFIG" 0640 "$HAPROXY_TEXT"$'\n'
}

write_haproxy() {
  owing haproxy write_file "$HAPROXY_CONFIG" 0640 "$HAPROXY_TEXT"$'\n' keep
}

# configure_haproxy FILE
configure_haproxy() {
  want_haproxy "$1"
  if [[ -z $HAPROXY_TEXT ]]; then
    report would "write $HAPROXY_CONFIG with the NodePorts of $(option node-ports)"
    return 0
  fi
  check_haproxy "$1"
  if haproxy_has_other_file; then
    owe haproxy
  fi
  if needs_a_reload; then
    need_room_for_a_reload
  fi
  write_haproxy
  if is_active haproxy; then
    if is_owed haproxy; then
      if dry_run; then
        report would 'reload haproxy'
        settle haproxy
      else
        reload_haproxy load-balancer
      fi
    else
      report skipped 'haproxy runs with this configuration'
    fi
  fi
  run_service haproxy
}

# Somebody has changed a file since, perhaps and back: what runs is what it was then.
haproxy_has_other_file() {
  local pid
  is_active haproxy || return 1
  read_workers
  ((${#HAPROXY_WORKERS[@]})) || return 1
  read -r pid _ <<<"${HAPROXY_WORKERS[-1]}"
  runs_since_before "$pid" "$HAPROXY_CONFIG" ||
    { [[ -n $HAPROXY_CERTIFICATE ]] && runs_since_before "$pid" "$HAPROXY_CERTIFICATE"; }
}

# reload_haproxy WHAT: with what write_haproxy has written. What HAProxy accepts with -c it may not be able to start with,
# such as a port that another program has: then its processes go on as before, and the former file comes back. Such a
# reload counts as any other, so it is noted.
reload_haproxy() {
  local before reloaded=yes
  before=$(haproxy_pid)
  systemctl reload haproxy >&2 || reloaded=''
  if [[ -z $reloaded ]] || { [[ -n $before ]] && ! haproxy_is_another "$before"; }; then
    mkdir -p -- "${HAPROXY_FAILED%/*}"
    printf '%s\n' "$(date +%s) $1" >>"$HAPROXY_FAILED"
    if [[ -e $HAPROXY_CONFIG.previous ]]; then
      change "put $HAPROXY_CONFIG back" mv --force -- "$HAPROXY_CONFIG.previous" "$HAPROXY_CONFIG"
    fi
    settle haproxy
    fail 'HAProxy could not start with it, and its processes go on with the configuration of before (journalctl -u haproxy)'
  fi
  settle haproxy
  report 'done' 'reload haproxy'
}

NODE_PORT_SETTINGS=''

# The chosen NodePorts as HAProxy's own variables. In the configuration and not in the
# environment of the service: that one a reload does not read again.
set_node_ports() {
  local row variable service port number
  NODE_PORT_SETTINGS=$'global\n'
  for row in "${NODE_PORTS[@]}"; do
    columns "$row" variable service port
    number=$(noted_node_port "$variable")
    if [[ -z $number ]]; then
      fail "$(option node-ports) has no NodePort for $port of Service ${service#*/}: copy it from the control-plane node, where the step node-ports makes it"
    fi
    NODE_PORT_SETTINGS+="    setenv $variable $number"$'\n'
  done
  NODE_PORT_SETTINGS+=$'\n'
}

# ---- haproxy
# The HAProxy of this host, asked at its admin socket.

HAPROXY_KNOWN=''
# A row for each line of a server in a listener: LISTENER|SERVER|up, down or drained|ADDRESS:PORT|LINE. A server has a line
# for each source address of this host: the first is called as its node is, others NODE.2, NODE.3
declare -a SERVERS=()
# HAProxy's processes but for the master, as `PID AGE` (in seconds).
declare -a HAPROXY_WORKERS=()

# Seconds until the new process has to be there, also on a machine that is busy.
readonly HAPROXY_RELOADED=60
# Reloads for which no new process came: a line each, as `SECONDS-SINCE-1970 WHAT`.
readonly HAPROXY_FAILED=/var/lib/dojot/failed-reloads

# Bits of srv_admin_state: HAProxy's management guide on "show servers state".
readonly ADMIN_MAINTENANCE=0x67 ADMIN_DRAIN=0x18

# need_load_balancer [NAME]: SELF is the load balancer that this host is. Elsewhere a dry run without a name tells of the
# first one.
need_load_balancer() {
  local wanted=${1-}
  if [[ -z $wanted ]] && elsewhere && ! identify_balancer; then
    ((${#LOAD_BALANCERS[@]} == 1)) || dry_run ||
      fail "which load balancer has the system below --root? --node NAME: ${LOAD_BALANCERS[*]%%|*}"
    columns "${LOAD_BALANCERS[0]}" wanted _
  fi
  identify_balancer "$wanted" || fail "this host is no load balancer of $CLUSTER_NAME: $(whose_addresses)"
  elsewhere || has_address "$(self address)" ||
    fail "this host does not have $(self address), the address of $(self name)"
}

# May the step be about another host than the one that it runs on?
elsewhere() {
  dry_run || [[ -n ${OPTION[root]-} ]]
}

# Is there a HAProxy to compare with? Only --dry-run goes on without one.
haproxy_known() {
  [[ -n $HAPROXY_KNOWN ]]
}

need_haproxy() {
  if ! command -v socat >/dev/null && ! dry_run; then
    fail 'socat is missing, with which HAProxy is asked: run the step load-balancer, which installs it'
  elif read_servers; then
    HAPROXY_KNOWN=yes
  elif dry_run; then
    printf '%s\n' 'bootstrap.sh: no HAProxy answers here; what it has is not known' >&2
  else
    fail "HAProxy does not answer at $HAPROXY_ADMIN_SOCKET: see systemctl status haproxy"
  fi
}

# haproxy_answer COMMAND: HAProxy closes once it has answered, which takes it a moment under load.
haproxy_answer() {
  socat -t 30 - "UNIX-CONNECT:$HAPROXY_ADMIN_SOCKET" <<<"$1"
}

# tell_haproxy COMMAND: one that changes something has no answer, unless it was refused.
tell_haproxy() {
  local answer
  answer=$(haproxy_answer "$1") || fail "HAProxy does not answer at $HAPROXY_ADMIN_SOCKET: see systemctl status haproxy"
  [[ -z ${answer//[[:space:]]/} ]] || fail "HAProxy refuses \"$1\": $answer"
}

# SERVERS as they are now; 1 where nobody answers. Servers of checks and of HAProxy's own pages are none of clients.
read_servers() {
  local table row listeners='' listener server address running admin weight port state
  table=$(haproxy_answer 'show servers state' 2>/dev/null) || return 1
  for row in "${LOAD_BALANCER_PORTS[@]}"; do
    listeners+=" ${row#*|} "
  done
  SERVERS=()
  while read -r _ listener _ server address running admin weight _ _ _ _ _ _ _ _ _ _ port _; do
    [[ -n $listener && $listeners == *" $listener "* ]] || continue
    state=up
    ((running && !(admin & ADMIN_MAINTENANCE))) || state=down
    ((weight && !(admin & ADMIN_DRAIN))) || state=drained
    SERVERS+=("$listener|${server%%.*}|$state|$address:$port|$server")
  done <<<"$table"
}

check_server_option() {
  [[ -n $(option server) ]] || usage_error 'which server? --server NAME (see --help)'
}

# need_server: HAProxy has the one of --server.
need_server() {
  local names
  if haproxy_known && [[ -z $(of_server "$(option server)") ]]; then
    names=$(printf '%s\n' "${SERVERS[@]}" | cut --delimiter='|' --fields=2 | sort --unique | paste -sd ' ')
    fail "HAProxy has no server $(option server), but: $names"
  fi
}

# of_server SERVER: its rows.
of_server() {
  local row server
  for row in "${SERVERS[@]}"; do
    columns "$row" _ server _
    [[ $server != "$1" ]] || printf '%s\n' "$row"
  done
}

# sessions_of SERVER: its connections from this host, by the kernel, which knows those of old processes as well. A check
# is one of them for a moment.
sessions_of() {
  local row end filter=''
  for row in $(of_server "$1"); do
    columns "$row" _ _ _ end _
    [[ $filter == *"dst = $end"* ]] || filter+="${filter:+ or }dst = $end"
  done
  ss --no-header --numeric --tcp state established "( $filter )" | wc -l
}

# device_sessions [PID]: how many connections are open on the ports that clients use; of one process.
device_sessions() {
  local row port filter=''
  for row in "${LOAD_BALANCER_PORTS[@]}"; do
    columns "$row" port _
    filter+="${filter:+ or }sport = :$port"
  done
  if [[ -n ${1-} ]]; then
    ss --no-header --numeric --tcp --processes state established "( $filter )" | grep -c -- ",pid=$1," || true
  else
    ss --no-header --numeric --tcp state established "( $filter )" | wc -l
  fi
}

# haproxy_pid: of the process that has the listeners; nothing where it cannot be asked.
haproxy_pid() {
  haproxy_answer 'show info' 2>/dev/null | sed -n 's/^Pid: //p' || true
}

# haproxy_is_another PID: in time, another one has them.
haproxy_is_another() {
  local found began=$SECONDS
  while ((SECONDS - began <= HAPROXY_RELOADED)); do
    found=$(haproxy_pid)
    [[ -z $found || $found == "$1" ]] || return 0
    sleep 0.2
  done
  return 1
}

# HAPROXY_WORKERS as they are now, the oldest first. What the kernel knows holds however a reload was made.
read_workers() {
  local master
  HAPROXY_WORKERS=()
  master=$(systemctl show --property=MainPID --value haproxy 2>/dev/null || true)
  [[ $master =~ ^[1-9][0-9]*$ ]] || return 0
  mapfile -t HAPROXY_WORKERS < <(ps --ppid "$master" --sort=start_time -o pid=,etimes= 2>/dev/null || true)
}

# A reload leaves the process of before with its sessions, for hard-stop-after at most. One reload more than
# mworker-max-reloads, and HAProxy ends the oldest. Those that have failed count (measured with 2.6).
has_room_for_a_reload() {
  read_workers
  ((${#HAPROXY_WORKERS[@]} + $(failed_reloads) <= HAPROXY_MAX_RELOADS))
}

# failed_reloads: how many there were since the oldest process began.
failed_reloads() {
  local age=0
  ((${#HAPROXY_WORKERS[@]} == 0)) || read -r _ age <<<"${HAPROXY_WORKERS[0]}"
  awk -v began="$(($(date +%s) - age))" '$1 >= began { found++ } END { print found + 0 }' <(cat -- "$HAPROXY_FAILED" 2>/dev/null || true)
}

need_room_for_a_reload() {
  local oldest
  ! has_room_for_a_reload || return 0
  read -r oldest _ <<<"${HAPROXY_WORKERS[0]}"
  need_force "$(old_processes): a reload would end the oldest (process $oldest) and drop its $(device_sessions "$oldest") sessions. $(oldest_ends)"
}

old_processes() {
  local failed
  failed=$(failed_reloads)
  printf '%s' "$((${#HAPROXY_WORKERS[@]} - 1)) old processes of haproxy still hold sessions$( ((failed == 0)) || printf '%s' " and $failed reloads since then have failed"), no more than platform.haproxy.max_reloads allows"
}

oldest_ends() {
  local next
  if ((${#HAPROXY_WORKERS[@]} == 1)); then
    printf '%s' 'It has the listeners and does not end by itself: choose a quiet hour'
    return 0
  fi
  # It was replaced when the next one began.
  read -r _ next <<<"${HAPROXY_WORKERS[1]}"
  printf '%s' "It ends by itself in $((HAPROXY_HARD_STOP_AFTER - next)) s at the latest: run this step again then"
}

# ---- host
# This host: who it is in the inventory.

declare -A SELF=()

need_root() {
  # Under --root the rights on that folder decide.
  if ! dry_run && [[ -z ${OPTION[root]-} ]] && ((EUID != 0)); then
    fail 'this step changes the system: run it as root (sudo)'
  fi
}

# self name|address|role|label
self() {
  printf '%s' "${SELF[$1]}"
}

own_addresses() {
  hostname -I 2>/dev/null || true
}

# has_address ADDRESS: is it one of this host's own?
has_address() {
  local addresses address
  addresses=$(own_addresses)
  for address in $addresses; do
    [[ $address != "$1" ]] || return 0
  done
  return 1
}

# Whose are the addresses of this host?
whose_addresses() {
  local row name address addresses owners=''
  addresses=$(own_addresses)
  for row in "${NODES[@]}" "${LOAD_BALANCERS[@]}"; do
    columns "$row" name address _
    if has_address "$address"; then
      owners+="${owners:+, }$name ($address)"
    fi
  done
  if [[ -n $owners ]]; then
    printf 'by its addresses it is %s' "$owners"
  else
    printf 'its addresses (%s) belong to no machine of %s' "${addresses% }" "$CLUSTER_NAME"
  fi
}

# A kubelet registers with the address of its node, kubeadm with that of the control plane.
need_own_address() {
  if [[ -n ${OPTION[root]-} ]] || has_address "${SELF[address]}"; then
    return 0
  fi
  refuse "this host is not ${SELF[name]}: it does not have ${SELF[address]}; $(whose_addresses). Run the step on ${SELF[name]}, or put its address right in the inventory"
}

# kubeadm and the kubelet work on the running system.
need_running_system() {
  [[ -z ${OPTION[root]-} ]] || usage_error "--root is for $(steps_that_take --root): this step works on the running system"
}

# Which node is this host? One of its addresses says it; --node too, for the system of another machine below --root.
identify() {
  local row name address role label wanted
  wanted=$(option node)
  for row in "${NODES[@]}"; do
    columns "$row" name address role label
    if [[ -n $wanted ]]; then
      [[ $name == "$wanted" ]] || continue
    else
      has_address "$address" || continue
    fi
    SELF=([name]=$name [address]=$address [role]=$role [label]=$label)
    need_own_address
    return 0
  done
  if [[ -n $wanted ]]; then
    fail "the inventory of $CLUSTER_NAME has no node $wanted"
  fi
  fail "this host is no node of $CLUSTER_NAME: $(whose_addresses). Run the step on a node; for the system of one below --root, name it with --node"
}

# identify_balancer [NAME]: SELF is the load balancer of this name, or the one whose address this host has; 1: there is none.
identify_balancer() {
  local row name address role
  for row in "${LOAD_BALANCERS[@]}"; do
    columns "$row" name address role _
    if [[ -n ${1-} && $name == "$1" ]] || { [[ -z ${1-} ]] && has_address "$address"; }; then
      SELF=([name]=$name [address]=$address [role]=$role [label]='')
      return 0
    fi
  done
  return 1
}

# other_balancers: names of the load balancers but this one.
other_balancers() {
  local row name others=''
  for row in "${LOAD_BALANCERS[@]}"; do
    columns "$row" name _
    [[ $name == "$(self name)" ]] || others+="${others:+, }$name"
  done
  printf '%s' "$others"
}

need_role() {
  [[ ${SELF[role]} == "$1" ]] || fail "${SELF[name]} is a ${SELF[role]} node: run this step on a $1 node"
}

need_system() {
  local release=${OPTION[root]-}/etc/os-release found
  [[ $(uname -m) == x86_64 ]] || fail "this host is $(uname -m): the binaries of the inventory are for x86_64"
  found=$(sed -n 's/^ID=//p; s/^VERSION_ID=//p' "$release" 2>/dev/null | tr -d '"' | sort | paste -sd ' ' || true)
  [[ $found != "$OS_VERSION $OS_NAME" ]] || return 0
  refuse "this host is not $OS_NAME $OS_VERSION: the inventory's platform classes must name what it runs"
}

set_hostname() {
  write_file /etc/hostname 0644 "$1"$'\n'
  if [[ -z ${OPTION[root]-} && $(hostname) == "$1" ]]; then
    report skipped "the host name is $1"
  else
    live "set the host name to $1" hostnamectl set-hostname "$1"
  fi
}

# --root without its trailing slash; `/` is the running system.
check_root_option() {
  local given
  given=$(option root)
  given=${given%/}
  [[ -z $given || -d $given ]] || usage_error "--root $given is not a directory"
  set_option root "$given"
}

# ---- hosts-file
# /etc/hosts: every machine knows the others by name, whatever the DNS of the site says.

readonly HOSTS_BEGIN='# dojot nodes: begin' HOSTS_END='# dojot nodes: end'
# Where cloud-init is told to manage /etc/hosts, it makes that file anew from this one at every boot.
readonly HOSTS_TEMPLATE=/etc/cloud/templates/hosts.debian.tmpl

write_hosts() {
  write_hosts_block /etc/hosts
  if [[ -f ${OPTION[root]-}$HOSTS_TEMPLATE ]]; then
    write_hosts_block "$HOSTS_TEMPLATE"
  fi
}

# write_hosts_block PATH: our lines at its end, all others as they are.
write_hosts_block() {
  local path=${OPTION[root]-}$1 text='' row name address
  if [[ -f $path ]]; then
    need_whole_block "$path"
    text=$(sed "/^$HOSTS_BEGIN\$/,/^$HOSTS_END\$/d" "$path")$'\n'
  fi
  text+=$HOSTS_BEGIN$'\n'
  for row in "${NODES[@]}"; do
    columns "$row" name address _
    text+="$address $name"$'\n'
  done
  for row in "${LOAD_BALANCERS[@]}"; do
    columns "$row" name address _
    text+="$address $name"$'\n'
  done
  for address in $(api_addresses); do
    text+="$address $API_HOST"$'\n'
  done
  text+=$HOSTS_END$'\n'
  write_file "$1" 0644 "$text" keep
}

# api_addresses: those of several control planes, by one name. Whoever speaks to the API server, all of it written in Go,
# tries them in this order until one accepts. A control plane asks its own first, as soon as it has one.
api_addresses() {
  local row name address role own=''
  ((${#OTHER_CONTROL_PLANES[@]})) || return 0
  if [[ -z ${OPTION[root]-} && -e $API_SERVER_MANIFEST ]]; then
    own=${SELF[address]-}
  fi
  [[ -z $own ]] || printf '%s\n' "$own"
  for row in "${NODES[@]}"; do
    columns "$row" name address role _
    [[ $role != control-plane || $address == "$own" ]] || printf '%s\n' "$address"
  done
}

remove_hosts() {
  local path
  for path in /etc/hosts "$HOSTS_TEMPLATE"; do
    if grep -qsxF -- "$HOSTS_BEGIN" "$path"; then
      need_whole_block "$path"
      write_file "$path" 0644 "$(sed "/^$HOSTS_BEGIN\$/,/^$HOSTS_END\$/d" "$path")"$'\n' keep
    else
      report skipped "$path has no lines of this script"
    fi
  done
}

# need_whole_block PATH: one begin and one end after it, or neither. Otherwise nobody knows which lines are ours.
need_whole_block() {
  local marks whole=$'^begin[^\n]*\nend[^\n]*$'
  marks=$(awk -v begin="$HOSTS_BEGIN" -v end="$HOSTS_END" \
    '$0 == begin { print "begin in line " NR } $0 == end { print "end in line " NR }' "$1")
  [[ -n $marks && ! $marks =~ $whole ]] || return 0
  fail "$1 must have the line \"$HOSTS_BEGIN\" once and \"$HOSTS_END\" once after it, or neither; it has ${marks//$'\n'/, }. Nothing was written: mend or delete these lines, and what is between them"
}

# ---- join-file
# Joining: a token for this round only, with the hash of the cluster's CA, in a file
# that only root reads; deleted in the cluster when the round is over.

# By this the cluster's tokens of such a round are known.
readonly JOIN_DESCRIPTION='dojot bootstrap: join'

create_join_token() {
  kubeadm token create --kubeconfig="$(kubeconfig)" --ttl="$JOIN_TOKEN_TTL" --description="$JOIN_DESCRIPTION"
}

readonly JOIN_TOKENS='
{{range .items}}
  {{if eq (printf "%v" .data.description) "@DESCRIPTION@"}}{{println .metadata.name}}{{end}}
{{end}}'

# join_tokens: the name of each such Secret, a line each. A token's name is its public half.
join_tokens() {
  local encoded
  encoded=$(printf '%s' "$JOIN_DESCRIPTION" | base64 --wrap=0)
  kube --namespace=kube-system get secrets --field-selector=type=bootstrap.kubernetes.io/token \
    --output=go-template="$(template "$JOIN_TOKENS" DESCRIPTION "$encoded")"
}

# ca_hash CERTIFICATE: sha256:... of its public key, as kubeadm pins it.
ca_hash() {
  local digest
  digest=$(openssl x509 -pubkey -noout -in "$1" |
    openssl pkey -pubin -outform der | openssl dgst -sha256 -hex)
  printf 'sha256:%s' "${digest##* }"
}

# What read_join_file has found: a word of the file -> the rest of its line.
declare -A JOIN=()

# read_join_file PATH STEP: the file that STEP writes. Whoever calls has set +x: it holds secrets.
read_join_file() {
  local path=$1 word rest
  if [[ $path == - ]]; then
    path=/dev/stdin
  fi
  [[ -r $path ]] || fail "there is no $path: copy it from the control-plane node, which makes it with the step $2"
  while read -r word rest; do
    [[ -z $word ]] || JOIN[$word]=$rest
  done <"$path"
  [[ ${JOIN[token]-} =~ ^[a-z0-9]{6}\.[a-z0-9]{16}$ && ${JOIN[ca-hash]-} =~ ^sha256:[0-9a-f]{64}$ ]] ||
    fail "$path is not what the step $2 writes: make a new one"
}

# run_kubeadm_join TEXT: a JoinConfiguration, with what this host and the file say in it.
run_kubeadm_join() {
  local text=$1 config=''
  text=${text//@NODE@/$(self name)}
  text=${text//@ADDRESS@/$(self address)}
  text=${text//@LABEL@/$(self label)}
  text=${text//@TOKEN@/${JOIN[token]}}
  text=${text//@CA_HASH@/${JOIN[ca-hash]}}
  text=${text//@CERTIFICATE_KEY@/${JOIN[certificate-key]-}}
  scratch config "${TMPDIR:-/tmp}/dojot-join.XXXXXX"
  printf '%s' "$text" >"$config"
  kubeadm join --config="$config"
}

# remove_join_file PATH: also where an earlier run was killed before it came to this.
remove_join_file() {
  local path=$1
  if [[ $path == - ]]; then
    # It has come by standard input, and is nowhere.
    return 0
  elif [[ -e $path ]]; then
    change "remove $path" rm -f -- "$path"
  else
    report skipped "$path does not exist"
  fi
}

# ---- keepalived
# The address that several load balancers share: one of them has it, the others wait.

readonly KEEPALIVED_CONFIG=/etc/keepalived/keepalived.conf

# keep_address FOLDER: of compiled files. HAProxy runs by now: without it this host would not get the address.
keep_address() {
  if [[ -z $SHARED_ADDRESS ]]; then
    end_keepalived
    return 0
  fi
  need_compiled haproxy "$(self name).keepalived.conf"
  owing keepalived write_file "$KEEPALIVED_CONFIG" 0640 "$(<"$1/$(self name).keepalived.conf")"$'\n' keep
  # keepalived asks HAProxy with curl.
  install_packages curl
  install_pinned "${KEEPALIVED_PACKAGES[@]}"
  # A restart would give the address to another host, and end all sessions.
  if is_active keepalived && is_owed keepalived; then
    live 'reload keepalived' systemctl reload keepalived
    settle keepalived
  fi
  run_service keepalived
}

# Also where the inventory had one before.
end_keepalived() {
  if [[ ! -e ${OPTION[root]-}$KEEPALIVED_CONFIG ]]; then
    report skipped 'no address is shared'
    return 0
  fi
  end_service keepalived
  remove_paths 'keepalived: its configuration' "$KEEPALIVED_CONFIG"{,.previous}
}

# ---- keepers
# Programs that keep a password of a Secret: PostgreSQL and MongoDB (of a role) and auth (of a user of dojot). Each is asked
# in its own pod, by programs of its image. By their input, so that no command line has any of it, come three lines: the
# user, the password that holds until now, and the new one. `check` finds out whether the first two let in, and changes
# nothing; `set` is done as well where a run before has done it.

# ask_keeper check|set ROW of ROTATIONS
ask_keeper() {
  local - secret key how namespace workload port program former=''
  set +x
  columns "$2" secret key how namespace workload port
  case $how in
    postgres) program=(sh -c "$POSTGRES_ROLE" sh "$1") ;;
    mongodb) program=(sh -c "$MONGODB_USER" sh "$1") ;;
    auth) program=(python3 -c "$AUTH_USER" "$1" "$port") ;;
  esac
  [[ $1 == check ]] || former=$FORMER_SUFFIX
  secret_lines "$secret" user "$key$former" "$key" |
    kube --namespace="$namespace" exec --stdin "$workload" --container="${workload#*/}" -- "${program[@]}"
}

# The superuser comes by the socket of the server's own pod. However much the server logs: not the statement that holds
# the password.
IFS= read -r -d '' POSTGRES_ROLE <<'END_OF_SCRIPT' || true
set -eu
IFS= read -r user
IFS= read -r former
IFS= read -r WANTED
export WANTED PGPASSWORD="$POSTGRES_PASSWORD"
say() {
  psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=user="$user" \
    --username="$POSTGRES_USER" --dbname=postgres
}
if [ "$1" = check ]; then
  [ -n "$(echo "select 1 from pg_roles where rolname = :'user';" | say)" ] ||
    { echo "PostgreSQL has no role $user" >&2; exit 1; }
  exit
fi
[ -n "$WANTED" ]
say <<'END'
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
\set password `printenv WANTED`
alter role :"user" encrypted password :'password';
END
END_OF_SCRIPT
readonly POSTGRES_ROLE

# The pod's own variable is what the server began with, or what it had when the pod was made: with a restored Secret it may
# be the only one that still lets in.
IFS= read -r -d '' MONGODB_USER <<'END_OF_SCRIPT' || true
set -eu
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }
IFS= read -r user
IFS= read -r former
IFS= read -r wanted
printf 'var user = %s, wanted = %s, known = [%s, %s], change = %s;\n%s\n' "$(quoted "$user")" "$(quoted "$wanted")" \
  "$(quoted "$former")" "$(quoted "$MONGO_INITDB_ROOT_PASSWORD")" "$([ "$1" = check ] && echo false || echo true)" '
function fits(password) { try { return db.auth(user, password); } catch (error) { return false; } }
function set() { try { db.changeUserPassword(user, wanted); return fits(wanted); } catch (error) { return false; } }
quit(change ? (fits(wanted) || known.some(fits) && set() ? 0 : 1) : (known.some(fits) ? 0 : 1));' |
  mongo --quiet admin >&2 || { echo "MongoDB does not let $user in with what the Secret holds" >&2; exit 1; }
END_OF_SCRIPT
readonly MONGODB_USER

IFS= read -r -d '' AUTH_USER <<'END_OF_SCRIPT' || true
import json
import sys
import urllib.error
import urllib.request

task, port = sys.argv[1:]
user, former, wanted = sys.stdin.read().split("\n")[:3]


def ask(path, body, **headers):
    """What auth answers, None where it refuses."""
    headers["Content-Type"] = "application/json"
    request = urllib.request.Request("http://127.0.0.1:%s%s" % (port, path), json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read().decode())
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            raise
        return None


def token(password):
    answer = ask("/", {"username": user, "passwd": password})
    return answer and answer["jwt"]


if task == "set" and token(wanted):
    sys.exit()
known = token(former)
if not known:
    sys.exit("auth does not let %s in with what the Secret holds" % user)
if task == "set":
    ask("/password/update", {"oldpasswd": former, "newpasswd": wanted}, Authorization="Bearer " + known)
    if not token(wanted):
        sys.exit("auth does not take the new password of %s" % user)
END_OF_SCRIPT
readonly AUTH_USER

# ---- kernel
# Kernel settings of this host, and of a node its modules.

readonly NODE_SYSCTL=/etc/sysctl.d/90-dojot.conf NODE_MODULES=/etc/modules-load.d/dojot.conf

# write_sysctl PATH TEXT: now, and after every boot.
write_sysctl() {
  local name value found different=''
  write_file "$1" 0644 "$2"
  while [[ -z ${OPTION[root]-} ]] && IFS=' =' read -r name value; do
    [[ -n $name && $name != '#'* ]] || continue
    # The kernel parts the numbers of a range by a tab.
    found=$(sysctl -n "${name#-}" 2>/dev/null | tr '\t' ' ' || true)
    [[ $found == "$value" ]] || different+="${different:+, }${name#-} is ${found:-not there}"
  done <<<"$2"
  if [[ -n $different || -n ${OPTION[root]-} ]]; then
    live "apply $1${different:+: $different}" sysctl --load="$1"
  else
    report skipped "the kernel has the settings of $1"
  fi
}

load_modules() {
  local module missing=()
  write_file "$NODE_MODULES" 0644 "$(printf '%s\n' "${KERNEL_MODULES[@]}")"$'\n'
  for module in "${KERNEL_MODULES[@]}"; do
    module_is_loaded "$module" || missing+=("$module")
  done
  if ((${#missing[@]})); then
    live "load kernel modules: ${missing[*]}" modprobe --all "${missing[@]}"
  else
    report skipped 'kernel modules are loaded'
  fi
}

# A module that is part of the kernel itself need not have a folder in /sys.
module_is_loaded() {
  [[ -z ${OPTION[root]-} ]] || return 1
  [[ -d /sys/module/$1 ]] ||
    grep -q -- "/$1\.ko$" "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null
}

# What is set and loaded stays so until the next boot.
remove_kernel_files() {
  remove_paths 'kernel settings and modules' "$NODE_SYSCTL" "$NODE_MODULES"
}

# ---- kubeadm-config
# kubeadm reads its configuration when it makes a cluster. One that runs is brought to a changed configuration by the
# phases of kubeadm that it concerns.

# The configuration with which kubeadm has last made, or changed, this control plane.
readonly KUBEADM_CONFIG_APPLIED=/etc/dojot/kubeadm-init.yml
readonly MANIFESTS=/etc/kubernetes/manifests
readonly STATIC_PODS=(etcd kube-apiserver kube-controller-manager kube-scheduler)
# A kubelet looks at manifests every 20 seconds, and an API server that starts takes a minute: this often it is asked,
# with a pause of 5 seconds.
readonly STATIC_POD_ATTEMPTS=48

# make_control_plane [ARGUMENT...]: of kubeadm init.
make_control_plane() {
  local config=''
  if dry_run; then
    report would "kubeadm init: the control plane of Kubernetes $KUBERNETES_VERSION at $API_HOST"
    return 0
  fi
  kubeadm_config config
  # --skip-token-print: kubeadm would show its own token, which nobody needs.
  change "kubeadm init: the control plane of Kubernetes $KUBERNETES_VERSION at $API_HOST" \
    kubeadm init --config="$config" --skip-token-print "$@"
  note_kubeadm_config
  take_kubelet_config joined
}

# kubeadm_config VARIABLE: a file with the configuration, as long as this run lives.
kubeadm_config() {
  scratch "$1" "${TMPDIR:-/tmp}/dojot-init.XXXXXX"
  own_kubeadm_init >"${!1}"
}

# own_kubeadm_init: the configuration with the name and address of this host, where there are several control planes.
own_kubeadm_init() {
  local text=${KUBEADM_INIT//@NODE@/$(self name)}
  printf '%s' "${text//@ADDRESS@/$(self address)}"
}

# X keeps the line break at the end, which $(...) would take away.
note_kubeadm_config() {
  local text
  text=$(own_kubeadm_init && printf X)
  write_file "$KUBEADM_CONFIG_APPLIED" 0644 "${text%X}"
}

# renew_control_plane: what kubeadm has made of an earlier configuration becomes what it makes of this one.
renew_control_plane() {
  local server config=''
  # With --dry-run, of a host that has no control plane yet.
  [[ -e $ADMIN_CONF ]] || return 0
  renew_owed_pods
  if ! is_owed control-plane && cmp --silent -- "$KUBEADM_CONFIG_APPLIED" <(own_kubeadm_init); then
    report skipped 'the control plane has the configuration of kubeadm-init.yml'
    return 0
  fi
  server=$(server_version "$ADMIN_CONF")
  if [[ $server != "$KUBERNETES_VERSION" ]]; then
    refuse "the API server is ${server:-of a version that it does not say}, the inventory has $KUBERNETES_VERSION, and this step changes no release: first run bootstrap.sh upgrade"
    return 0
  fi
  need_same_endpoint || return 0
  owe control-plane
  write_api_server_files
  dry_run || kubeadm_config config
  upload_kubeadm_config "$config"
  renew_static_pods 'kubeadm init phase etcd, control-plane: the manifests of the control plane' make_manifests "$config"
  renew_kube_proxy "$config"
  note_kubeadm_config
  remove_former_policies
  settle control-plane
}

# need_same_endpoint: 1 where this cluster was made for another address of the API server.
need_same_endpoint() {
  local was
  was=$(sed -n 's/^controlPlaneEndpoint: //p' "$KUBEADM_CONFIG_APPLIED" 2>/dev/null || true)
  [[ -n $was && $was != "$API_HOST:6443" ]] || return 0
  refuse "this cluster was made with its API server at $was, which certificates and every kubelet name, and the inventory has it at $API_HOST:6443: one control plane does not become several in a cluster that runs. Build the cluster anew (a backup of the databases can be put back there), or keep the control planes that it has"
  return 1
}

upload_kubeadm_config() {
  change 'kubeadm init phase upload-config: what joining nodes and upgrades read' \
    kubeadm init phase upload-config all --config="$1" --kubeconfig="$ADMIN_CONF"
}

pods_are_owed() {
  local name
  for name in "${STATIC_PODS[@]}"; do
    ! is_owed "$name" || return 0
  done
  return 1
}

# Those that are owed a start, one after the other: whose files have changed.
renew_owed_pods() {
  local name
  for name in "${STATIC_PODS[@]}"; do
    if is_owed "$name"; then
      renew_static_pods "start $name anew: it reads its files only then" mark_manifest "$MANIFESTS/$name.yaml"
      settle "$name"
    fi
  done
}

# mark_manifest PATH: a kubelet starts a static pod anew when its manifest is another one: here by a label. It is written
# outside its folder, where the kubelet would take a second one for a pod of its own.
mark_manifest() {
  local temporary='' label=dojot.components/started
  scratch temporary "${1%/*/*}/.${1##*/}.XXXXXX"
  sed -e "\\|^    $label: |d" -e "s|^  labels:\$|&\n    $label: \"$(date +%s)\"|" -- "$1" >"$temporary"
  grep -q -- "^    $label: " "$temporary" || return 1
  mv --force -- "$temporary" "$1"
}

# renew_static_pods WHAT COMMAND...: a change of their manifests. The API server is away for a moment, pods go on.
renew_static_pods() {
  local name before=() hashes=() number
  for name in "${STATIC_PODS[@]}"; do
    before+=("$(sha256sum -- "$MANIFESTS/$name.yaml" 2>/dev/null || true)")
    hashes+=("$(static_pod_hash "$name")")
  done
  change "$@"
  for number in "${!STATIC_PODS[@]}"; do
    name=${STATIC_PODS[number]}
    # What was no pod of this node's kubelet before, nobody starts anew now: the node's state, which comes last, tells why.
    [[ -n ${hashes[number]} ]] || continue
    [[ $(sha256sum -- "$MANIFESTS/$name.yaml" 2>/dev/null || true) != "${before[number]}" ]] || continue
    await "$name runs with its new manifest" static_pod_is_renewed "$name" "${hashes[number]}"
  done
}

make_manifests() {
  kubeadm init phase etcd local --config="$1"
  kubeadm init phase control-plane all --config="$1"
}

# static_pod_hash NAME: of the manifest that it runs with; nothing where nobody says so.
static_pod_hash() {
  admin_kube --namespace=kube-system get pod "$1-$(self name)" --ignore-not-found \
    --output=go-template='{{index .metadata.annotations "kubernetes.io/config.hash"}}' 2>/dev/null || true
}

# static_pod_is_renewed NAME FORMER HASH
static_pod_is_renewed() {
  local attempt hash
  for ((attempt = 1; attempt <= STATIC_POD_ATTEMPTS; attempt++)); do
    hash=$(static_pod_hash "$1")
    if [[ -n $hash && $hash != "$2" ]] &&
      admin_kube --namespace=kube-system wait --for=condition=Ready "pod/$1-$(self name)" --timeout=5s; then
      return 0
    fi
    sleep 5
  done
  return 1
}

# renew_kube_proxy CONFIG: it reads its configuration as it starts.
renew_kube_proxy() {
  change 'kubeadm init phase addon kube-proxy: its configuration' \
    owe_if_changed kube-proxy kube_proxy_config \
    kubeadm init phase addon kube-proxy --config="$1" --kubeconfig="$ADMIN_CONF"
  if is_owed kube-proxy; then
    change 'start kube-proxy anew, node by node' \
      admin_kube --namespace=kube-system rollout restart daemonset/kube-proxy
    settle kube-proxy
  fi
}

kube_proxy_config() {
  admin_kube --namespace=kube-system get configmap kube-proxy --ignore-not-found \
    --output=go-template='{{index .data "config.conf"}}' 2>/dev/null || true
}

# ---- kubectl
# Speaking to the cluster.

CLUSTER_KNOWN=''

readonly ADMIN_CONF=/etc/kubernetes/admin.conf
# An API server that starts takes a minute: this often it is asked, with a pause of 5 seconds.
readonly API_ATTEMPTS=24

kubeconfig() {
  local given
  given=$(option kubeconfig)
  if [[ -n $given ]]; then
    printf '%s' "$given"
  elif [[ -r $ADMIN_CONF ]]; then
    printf '%s' "$ADMIN_CONF"
  else
    printf '%s' "${KUBECONFIG:-$HOME/.kube/config}"
  fi
}

# own_kubeconfig: where kubectl looks for that of the person who runs this (with sudo: that person, not root).
own_kubeconfig() {
  printf '%s/.kube/config' "$(getent passwd "${SUDO_USER:-root}" | cut -d: -f6)"
}

# KUBECONFIG may be a list of files, which kubectl reads as one; --kubeconfig may not.
kube() {
  local config
  config=$(kubeconfig)
  if [[ $config == "${KUBECONFIG-}" ]]; then
    kubectl "$@"
  else
    kubectl --kubeconfig="$config" "$@"
  fi
}

# On the control plane, whatever --kubeconfig says.
admin_kube() {
  kubectl --kubeconfig="$ADMIN_CONF" --request-timeout=10s "$@"
}

cluster_answers() {
  command -v kubectl >/dev/null &&
    kube --request-timeout=10s get --raw=/healthz >/dev/null 2>&1
}

# Is there a cluster to compare with? Only --dry-run goes on without one.
cluster_known() {
  [[ -n $CLUSTER_KNOWN ]]
}

api_server_answers() {
  local attempt
  for ((attempt = 1; attempt <= API_ATTEMPTS; attempt++)); do
    if admin_kube get --raw=/healthz >/dev/null 2>&1; then
      return 0
    elif dry_run; then
      return 1
    elif ((attempt == 1)); then
      printf '%s\n' 'bootstrap.sh: the API server does not answer yet: waiting for it, two minutes and more' >&2
    fi
    sleep 5
  done
  return 1
}

need_cluster() {
  local wrong
  if cluster_answers; then
    wrong=$(wrong_cluster)
    if [[ -z $wrong ]]; then
      CLUSTER_KNOWN=yes
    else
      refuse "$wrong: nothing was changed. Name this cluster's kubeconfig with --kubeconfig, or put the control plane right in the inventory"
    fi
  elif dry_run; then
    printf '%s\n' 'bootstrap.sh: no cluster answers here; what it has already is not known' >&2
  else
    fail "no cluster answers with the kubeconfig $(kubeconfig): run this step on the control-plane node, or name one with --kubeconfig"
  fi
}

# apply WHAT ARGUMENTS...: kubectl apply, where the server finds a difference.
apply() {
  local what=$1
  shift
  if cluster_known && kube diff "$@" >/dev/null 2>&1; then
    report skipped "$what: nothing has changed"
  else
    change "apply $what" kube apply "$@"
  fi
}

create_namespace() {
  if cluster_known && [[ -n $(kube get namespace "$1" --ignore-not-found --output=name) ]]; then
    report skipped "namespace $1 exists"
  else
    change "create namespace $1" kube create namespace "$1"
  fi
}

# ---- kubelet-config
# A kubelet has its configuration from the cluster, as kubeadm keeps it there for all of them. It takes that when its
# node joins, and later only when told to.

# What this node's kubelet has taken last, as the cluster had it.
readonly KUBELET_CONFIG_TAKEN=/etc/dojot/kubelet-config
# The file that it reads, as kubeadm has written it of that.
readonly KUBELET_CONFIG_CHECKSUM=/etc/dojot/kubelet-config.sha256
readonly KUBELET_CONFIG_FILE=/var/lib/kubelet/config.yaml

# take_kubelet_config [joined]: `joined`: kubeadm has just given it this one.
take_kubelet_config() {
  local offered
  [[ -z ${OPTION[root]-} && -e $KUBELET_CONF ]] || return 0
  if ! offered=$(offered_kubelet_config) || [[ -z $offered ]]; then
    report skipped "the kubelet keeps its configuration: the cluster does not say now which one it has for it"
    return 0
  fi
  if [[ -z ${1-} ]] &&
    { is_owed kubelet-config || [[ $offered != "$(cat -- "$KUBELET_CONFIG_TAKEN" 2>/dev/null || true)" ]] || kubelet_config_is_edited; }; then
    change "take the kubelet's configuration from the cluster: $KUBELET_CONFIG_FILE" renew_kubelet_config
  fi
  write_file "$KUBELET_CONFIG_TAKEN" 0644 "$offered"$'\n'
  if ! dry_run || ! kubelet_config_is_edited; then
    write_file "$KUBELET_CONFIG_CHECKSUM" 0644 "$(kubelet_config)"$'\n'
  fi
  settle kubelet-config
}

offered_kubelet_config() {
  kubectl --kubeconfig="$KUBELET_CONF" --request-timeout=10s --namespace=kube-system \
    get configmap "$KUBELET_CONFIG_MAP" --output=go-template='{{.data.kubelet}}'
}

# kubeadm keeps what differs from node to node. A restart of the kubelet ends no container.
renew_kubelet_config() {
  owe_if_changed kubelet-config kubelet_config kubeadm upgrade node phase kubelet-config
  if is_owed kubelet-config && is_active kubelet; then
    systemctl restart kubelet
  fi
}

# By somebody else than kubeadm, since that has written it.
kubelet_config_is_edited() {
  [[ -e $KUBELET_CONFIG_CHECKSUM && $(kubelet_config) != "$(cat -- "$KUBELET_CONFIG_CHECKSUM")" ]]
}

kubelet_config() {
  sha256sum -- "$KUBELET_CONFIG_FILE" 2>/dev/null || true
}

# ---- kubelet-version
# The kubelet of a node that has joined changes its release with the cluster, the API server first, and without pods
# beside it: the step upgrade does that. One that is lost may be put back, but not as one newer than the API server, which
# Kubernetes does not support. A host that is to join yet is kubeadm's to judge.

readonly KUBELET_CONF=/etc/kubernetes/kubelet.conf

check_kubelet_version() {
  local installed config=$KUBELET_CONF server
  [[ -z ${OPTION[root]-} && -e $KUBELET_CONF ]] || return 0
  installed=$(kubelet --version 2>/dev/null || true)
  installed=${installed##* }
  if [[ -n $installed && $installed != "$KUBERNETES_VERSION" ]]; then
    refuse "$(self name) belongs to a cluster, with kubelet $installed, and the inventory has $KUBERNETES_VERSION: first run bootstrap.sh upgrade, on the control plane and then here"
  elif [[ -z $installed ]]; then
    if [[ -e $ADMIN_CONF ]]; then
      config=$ADMIN_CONF
    fi
    server=$(server_version "$config")
    if [[ -z $server ]]; then
      refuse "this host has no kubelet any more, and the API server does not say its version (asked with $config, see above), than which kubelet $KUBERNETES_VERSION must not be newer: run this step again when it answers. If it cannot because this kubelet is gone, install that by hand in the version that it had"
    elif is_newer "$KUBERNETES_VERSION" "$server"; then
      refuse "this host has no kubelet any more, and $KUBERNETES_VERSION would be newer than the API server, $server, which Kubernetes does not support: run this step with the script that is compiled for $server"
    fi
  fi
}

# server_version KUBECONFIG [ADDRESS]: of the API server (of several, of that at ADDRESS), such as v1.36.5; nothing where
# it does not say so.
server_version() {
  kubectl --kubeconfig="$1" ${2:+--server="https://$2:6443"} --request-timeout=10s get --raw=/version |
    sed -n 's/.*"gitVersion": *"\([^"]*\)".*/\1/p' || true
}

# is_newer VERSION OTHER
is_newer() {
  [[ $1 != "$2" && $(printf '%s\n' "$1" "$2" | sort --version-sort | tail -n 1) == "$1" ]]
}

# ---- kubelet
# The kubelet's service, wherever its binary comes from.

enable_kubelet() {
  if [[ -z ${OPTION[root]-} ]] && systemctl is-enabled --quiet kubelet 2>/dev/null; then
    report skipped 'service kubelet is enabled'
  else
    live 'enable service kubelet' systemctl enable kubelet
  fi
}

# Of a host that has joined; before, kubeadm starts it.
start_kubelet() {
  [[ -z ${OPTION[root]-} && -e $KUBELET_CONF ]] || return 0
  if is_active kubelet; then
    report skipped 'service kubelet is running'
  else
    live 'start service kubelet' systemctl start kubelet
  fi
}

# Where it is owed that. kubeadm starts it the first time, once it has a configuration.
restart_kubelet() {
  if is_owed kubelet && is_active kubelet; then
    live 'restart service kubelet' systemctl restart kubelet
  fi
  settle kubelet
}

# ---- kubernetes-binaries
# Kubernetes as binaries, for a release that no package repository has: each comes from
# the release archive and is checked against its SHA-256.

install_kubernetes_binaries() {
  local row name url sha256
  for row in "${BINARIES[@]}"; do
    columns "$row" name url sha256
    if [[ $name == kubelet ]]; then
      owing kubelet fetch "$url" "$sha256" "/usr/local/bin/$name" 0755
    else
      fetch "$url" "$sha256" "/usr/local/bin/$name" 0755
    fi
  done
  install_cni_plugins
  owing kubelet write_file /etc/systemd/system/kubelet.service 0644 "$(kubelet_unit)"$'\n'
  read_unit kubelet
  restart_kubelet
}

# Alone: an upgrade begins with it.
install_kubeadm_binaries() {
  local name url sha256
  columns "$(rows kubeadm "${BINARIES[@]}")" name url sha256
  fetch "$url" "$sha256" "/usr/local/bin/$name" 0755
}

install_cni_plugins() {
  local archive=/var/cache/dojot/cni-plugins.tgz folder=${OPTION[root]-}/opt/cni/bin
  local marker=$folder/.dojot-sha256
  if [[ -f $marker && $(<"$marker") == "$CNI_PLUGINS_SHA256" ]]; then
    report skipped "$folder has the CNI plugins"
    return 0
  fi
  fetch "$CNI_PLUGINS_URL" "$CNI_PLUGINS_SHA256" "$archive" 0644
  change "unpack the CNI plugins into $folder" unpack_cni_plugins "${OPTION[root]-}$archive" "$folder" "$marker"
}

unpack_cni_plugins() {
  mkdir -p -- "$2"
  tar --extract --gzip --file="$1" --directory="$2" --no-same-owner --no-overwrite-dir
  printf '%s\n' "$CNI_PLUGINS_SHA256" >"$3"
}

# The names of the variable and of both files are kubeadm's.
kubelet_unit() {
  cat <<UNIT
[Unit]
Description=kubelet, the Kubernetes agent of this node
Documentation=https://kubernetes.io/docs/
After=network-online.target $RUNTIME_SERVICE.service
Wants=network-online.target
ConditionPathExists=/var/lib/kubelet/config.yaml
StartLimitIntervalSec=0

[Service]
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=/usr/local/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml \$KUBELET_KUBEADM_ARGS
CPUAccounting=true
MemoryAccounting=true
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
UNIT
}

# ---- kubernetes-packages
# Kubernetes from its signed package repository: exact versions, held. The packages bring
# the kubelet's unit, kubeadm's settings for it and the CNI plugins.

install_kubernetes_packages() {
  add_repository kubernetes "$KUBERNETES_REPOSITORY"
  owe_if_changed kubelet kubelet_package install_pinned "${KUBERNETES_PACKAGES[@]}"
  restart_kubelet
}

# Alone: an upgrade begins with it.
install_kubeadm_packages() {
  add_repository kubernetes "$KUBERNETES_REPOSITORY"
  install_pinned "$(rows kubeadm "${KUBERNETES_PACKAGES[@]}")"
}

kubelet_package() {
  installed_version kubelet
}

# ---- leftovers
# What a host has no use for that has left its cluster.

# remove_paths WHAT PATH...: those of them that are there; what is mounted at one stays mounted, and is empty then.
remove_paths() {
  local path found=()
  for path in "${@:2}"; do
    [[ ! -e $path && ! -L $path ]] || is_empty_mount "$path" || found+=("$path")
  done
  if ((${#found[@]})); then
    change "remove $1: ${found[*]}" remove_all "${found[@]}"
  else
    report skipped "nothing is there: $1"
  fi
}

is_empty_mount() {
  mountpoint --quiet -- "$1" && [[ -z $(ls -A -- "$1") ]]
}

# remove_all PATH...
remove_all() {
  local path
  for path in "$@"; do
    if mountpoint --quiet -- "$path"; then
      find "$path" -mindepth 1 -delete
    else
      rm -rf -- "$path"
    fi
  done
}

# ---- The network of pods: kubeadm reset leaves its rules, links and files, as it says. A node that joins anew has another
# part of that network, and the former one's bridge would have the wrong address.

# Chains of kube-proxy and kube-router, of flannel, and of CNI's plugins.
readonly POD_NETWORK_CHAINS='KUBE-|FLANNEL-|CNI-'
readonly POD_NETWORK_LINKS=(cni0 flannel.1)

remove_pod_network() {
  local tool link
  for tool in iptables ip6tables; do
    if "$tool-save" 2>/dev/null | grep -E -- "$POD_NETWORK_CHAINS" >/dev/null; then
      change "take the rules of pods and Services out of $tool" take_rules_out "$tool"
    else
      report skipped "$tool has no rules of pods and Services"
    fi
  done
  for link in "${POD_NETWORK_LINKS[@]}"; do
    if ip link show "$link" >/dev/null 2>&1; then
      change "remove link $link" ip link delete "$link"
    else
      report skipped "there is no link $link"
    fi
  done
  # The runtime, which stays, makes the folder of the first ones anew.
  remove_paths 'files of the pod network' /etc/cni/net.d/* /var/lib/cni /run/flannel
}

# take_rules_out TOOL: all others stay as they are.
take_rules_out() {
  "$1-save" | grep -vE -- "$POD_NETWORK_CHAINS" | "$1-restore"
}

# ---- lock
# One run at a time on a host: two would break each other's files, packages and objects.

# The lock is the kernel's, on a folder that is always there and that everybody may open: it needs
# no right to write, covers every user, and ends with the last process that has it, however that ends.
readonly LOCK_FOLDER=/run/lock

# needs_lock STEP: does it change anything? What has no --dry-run never does.
needs_lock() {
  takes "$1" --dry-run && ! dry_run
}

lock() {
  try_lock || busy "$(who_is_at_work). Run this step again when that has ended"
}

# try_lock: 1 where another run has it.
try_lock() {
  local descriptor
  exec {descriptor}<"$LOCK_FOLDER"
  # Not closed before the end: apt or kubeadm that a killed run has left at work still has it.
  flock --nonblock "$descriptor"
}

who_is_at_work() {
  printf '%s' "another run of this script is at work on this host: $(other_runs)"
}

# other_runs: process and step of each, by its command line, which everybody may read.
other_runs() {
  local path pid words place runs=''
  for path in /proc/[0-9]*/cmdline; do
    pid=${path//[!0-9]/}
    { mapfile -d '' -t words <"$path"; } 2>/dev/null || continue
    for place in "${!words[@]}"; do
      [[ ${words[0]##*/} == bash && ${words[place]##*/} == "${BASH_SOURCE[0]##*/}" ]] || continue
      if is_other_run "$pid" && may_have_lock "$pid"; then
        runs+="${runs:+, }process $pid (${words[*]:place+1})"
      fi
      break
    done
  done
  printf '%s' "${runs:-what it has started has not ended yet (see ps)}"
}

# is_other_run PID: neither this run nor the subshell of another one.
is_other_run() {
  local parent
  [[ $1 != "$$" ]] || return 1
  parent=$(awk '$1 == "PPid:" { print $2 }' "/proc/$1/status" 2>/dev/null || true)
  [[ -n $parent ]] && ! cmp --silent -- "/proc/$1/cmdline" "/proc/$parent/cmdline" 2>/dev/null
}

# may_have_lock PID: the lock is one of its files. Of another user's process only root knows that; one that has ended
# meanwhile has none.
may_have_lock() {
  local file
  [[ -e /proc/$1 ]] || return 1
  [[ -r /proc/$1/fd ]] || return 0
  for file in "/proc/$1/fd"/*; do
    [[ ! $file -ef $LOCK_FOLDER ]] || return 0
  done
  return 1
}

# ---- needrestart
# needrestart restarts services whose libraries an update has replaced, unattended updates too.

# leave_running SERVICE...: it leaves these alone. NEEDRESTART_FOLDER is empty for a system without it.
leave_running() {
  local service text=$'# Written by bootstrap.sh: whoever restarts these services chooses the hour.\n'
  [[ -n $NEEDRESTART_FOLDER ]] || return 0
  for service in $(printf '%s\n' "$@" | sort --unique); do
    text+="\$nrconf{override_rc}{qr(^${service//./\\.}\\.service\$)} = 0;"$'\n'
  done
  write_file "$NEEDRESTART_FOLDER/dojot.conf" 0644 "$text"
}

# ---- node-ports
# Where the inventory leaves NodePorts to Kubernetes, its choice has to reach HAProxy on its own host, by a file.

# chosen_node_port NAMESPACE/SERVICE PORT: its number; nothing where there is none yet.
chosen_node_port() {
  local found
  found=$(kube --namespace="${1%%/*}" get service "${1#*/}" --ignore-not-found \
    --output=go-template="{{range .spec.ports}}{{if eq .name \"$2\"}}{{.nodePort}}{{end}}{{end}}")
  if [[ $found =~ ^[0-9]+$ ]]; then
    printf '%s' "$found"
  fi
}

# noted_node_port VARIABLE: its number in the file; nothing where it is not there.
noted_node_port() {
  local variable number
  [[ -r $(option node-ports) ]] || return 0
  while read -r variable number; do
    if [[ $variable == "$1" && $number =~ ^[0-9]+$ ]]; then
      printf '%s' "$number"
    fi
  done <"$(option node-ports)"
}

# ---- other-nodes
# The other nodes of the cluster, for what may be done to one of them at a time.

# name | is it Ready | `true`: cordoned | version of its kubelet
IFS= read -r -d '' NODE_STATES <<'END' || true
{{range .items}}
  {{.metadata.name}}|
  {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}|
  {{with .spec.unschedulable}}{{.}}{{end}}|
  {{.status.nodeInfo.kubeletVersion}}
  {{println}}
{{end}}
END
readonly NODE_STATES

# need_other_nodes SERVER: 1 where another node is away or out of service, or, before the control plane is upgraded, where
# its kubelet is of another minor release than the API server, SERVER.
need_other_nodes() {
  local states row name ready cordoned version
  if [[ $(self role) != control-plane && -z $(option kubeconfig) ]]; then
    report skipped "the other nodes are not looked at: this one may not see them. One node at a time; --kubeconfig lets it look"
    return 0
  fi
  states=$(kube --request-timeout=10s get nodes --output=go-template="$(template "$NODE_STATES")") ||
    { refuse 'the API server does not say how the other nodes are (see above): run this step again when it does'; return 1; }
  while IFS= read -r row; do
    columns "$row" name ready cordoned version
    [[ $name != "$(self name)" ]] || continue
    if [[ $ready != True ]]; then
      refuse "node $name is not Ready, and nodes are upgraded one at a time: see kubectl describe node $name, and run this step again when it is"
      return 1
    elif [[ -n $cordoned ]]; then
      refuse "node $name is cordoned, and nodes are upgraded one at a time: finish what is done there (bootstrap.sh upgrade on it, where that broke off), or kubectl uncordon $name; then run this step again"
      return 1
    elif [[ $1 != "$KUBERNETES_VERSION" && ${version%.*} != "${1%.*}" ]]; then
      refuse "node $name has kubelet $version, the API server is $1: before the next release bring every node to that of the API server, with the script that is compiled for it: bootstrap.sh upgrade on $name"
      return 1
    fi
  done <<<"$states"
}

# ---- owed
# What a service is owed once its files have changed: a restart, or that it reads them again. A run may end in between
# (killed, no power), and the next one finds every file right. So the debt is noted before the change, and struck off
# when it is paid.

readonly OWED_FOLDER=/etc/dojot/owed

# Of this run; with --dry-run and --root there is no other.
declare -A OWED=()
# Whom the next changed file is for: see `owing`.
CREDITOR=''

# With --dry-run a note of an earlier run stays, so what this run has settled counts.
is_owed() {
  if [[ -n ${OWED[$1]+known} ]]; then
    [[ -n ${OWED[$1]} ]]
  else
    [[ -z ${OPTION[root]-} && -e $OWED_FOLDER/$1 ]]
  fi
}

owe() {
  OWED[$1]=yes
  ! dry_run && [[ -z ${OPTION[root]-} ]] || return 0
  mkdir -p -- "$OWED_FOLDER"
  : >"$OWED_FOLDER/$1"
}

settle() {
  OWED[$1]=''
  ! dry_run && [[ -z ${OPTION[root]-} ]] || return 0
  rm -f -- "$OWED_FOLDER/$1"
}

# owing NAME write_file|fetch ARGUMENTS...: if that changes the file, NAME is owed.
owing() {
  local CREDITOR=$1
  shift
  "$@"
}

# By what changes a file, before it does.
owe_creditor() {
  if [[ -n $CREDITOR ]]; then
    owe "$CREDITOR"
  fi
}

# owe_if_changed NAME LOOK COMMAND...: if what LOOK prints is another one after the command, NAME is owed.
owe_if_changed() {
  local name=$1 look=$2 before owed=''
  shift 2
  if is_owed "$name"; then
    owed=yes
  fi
  before=$("$look")
  owe "$name"
  "$@"
  if [[ -z $owed && $("$look") == "$before" ]]; then
    settle "$name"
  fi
}

# ---- own-copy
# The copy of this script that a timer of systemd runs: the folder with which somebody has come may go.

readonly OWN_COPY=/usr/local/lib/dojot/bootstrap.sh

install_own_copy() {
  write_file "$OWN_COPY" 0755 "$(<"${BASH_SOURCE[0]}")"$'\n'
}

# ---- own-node
# This host's own node in the cluster, asked and changed with the kubelet's rights: a worker has no others. They go as far
# as its own Node and the pods on it; `kubectl drain` would read DaemonSets, which no node may.

# Seconds: how long a drain may take (a broker leaves the others for minutes), how often to look, and how often to tell.
readonly DRAIN_MOST=900 DRAIN_LOOK=5 DRAIN_TELL=60
# A kubelet that starts tells its version within seconds: this often its node is looked at, with a pause of 5 seconds.
readonly NODE_ATTEMPTS=60
# Why the last pod was not evicted yet.
REFUSED=''

node_kube() {
  kubectl --kubeconfig="$KUBELET_CONF" --request-timeout=10s "$@"
}

# own_node TEMPLATE: of Go, about this host's Node.
own_node() {
  node_kube get node "$(self name)" --output=go-template="$1"
}

# The version of the kubelet that runs; nothing where nobody says so.
own_kubelet() {
  if [[ -e $KUBELET_CONF ]]; then
    own_node '{{.status.nodeInfo.kubeletVersion}}' || true
  fi
}

own_node_is_ready() {
  local attempt wanted="True|$KUBERNETES_VERSION" found
  for ((attempt = 1; attempt <= NODE_ATTEMPTS; attempt++)); do
    found=$(own_node '{{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}|{{.status.nodeInfo.kubeletVersion}}' || true)
    [[ $found != "$wanted" ]] || return 0
    sleep 5
  done
  fail "node $(self name) is not Ready with Kubernetes $KUBERNETES_VERSION after $((NODE_ATTEMPTS * 5)) s (Ready: ${found%|*}, version: ${found#*|}): see journalctl -u kubelet, and run this step again"
}

# cordon_node: by this script, unless somebody has done so; uncordon_node undoes only what this script has done.
cordon_node() {
  local cordoned
  cordoned=$(own_node '{{with .spec.unschedulable}}{{.}}{{end}}')
  if [[ -n $cordoned ]] && ! is_owed uncordon; then
    report skipped "$(self name) is cordoned already, and stays so: whoever did it uncordons it"
    return 0
  fi
  owe uncordon
  change "cordon $(self name): no pod comes to it" set_unschedulable true
}

uncordon_node() {
  if is_owed uncordon; then
    change "uncordon $(self name)" set_unschedulable null
    settle uncordon
  fi
}

set_unschedulable() {
  node_kube patch node "$(self name)" --patch="{\"spec\": {\"unschedulable\": $1}}"
}

# namespace | pod | who makes it again | `ending`: of those whose programs run, but for what belongs to the node itself
IFS= read -r -d '' PODS_HERE <<'END' || true
{{range .items}}
  {{$owner := ""}}
  {{range .metadata.ownerReferences}}{{if .controller}}{{$owner = .kind}}{{end}}{{end}}
  {{with .metadata.annotations}}{{if index . "kubernetes.io/config.mirror"}}{{$owner = "Node"}}{{end}}{{end}}
  {{if not (or (eq $owner "DaemonSet" "Node") (eq .status.phase "Succeeded" "Failed"))}}
    {{.metadata.namespace}}|{{.metadata.name}}|{{$owner}}|{{if .metadata.deletionTimestamp}}ending{{end}}
    {{println}}
  {{end}}
{{end}}
END
readonly PODS_HERE

pods_here() {
  node_kube get pods --all-namespaces --field-selector="spec.nodeName=$(self name)" \
    --output=go-template="$(template "$PODS_HERE")"
}

# need_owned_pods: 1 where a pod would be gone for good.
need_owned_pods() {
  local found alone
  found=$(pods_here) ||
    { refuse 'the API server does not say which pods are on this node (see above): run this step again when it does'; return 1; }
  alone=$(awk -F '|' 'NF && $3 == "" { print $1 "/" $2 }' <<<"$found" | paste -sd ' ')
  if [[ -n $alone ]]; then
    refuse "nobody would make these pods again, once this node is drained: $alone. Delete them, or move them elsewhere, then run this step again"
    return 1
  fi
}

# evict_pods: until none is left. PodDisruptionBudgets are kept: what they do not allow yet is asked for again.
evict_pods() {
  local found row namespace pod state began=$SECONDS told=$SECONDS
  REFUSED=''
  while found=$(pods_here) || return 1; do
    [[ -n $found ]] || return 0
    while IFS= read -r row; do
      columns "$row" namespace pod _ state
      [[ -n $state ]] || evict "$namespace" "$pod"
    done <<<"$found"
    ((SECONDS - began <= DRAIN_MOST)) ||
      fail "after $DRAIN_MOST s these pods are still on $(self name): $(left_here "$found").${REFUSED:+ Last refusal: $REFUSED.} It stays cordoned; look at what they wait for (kubectl describe poddisruptionbudget), then run this step again, or on the control plane: kubectl uncordon $(self name)"
    if ((SECONDS - told >= DRAIN_TELL)); then
      told=$SECONDS
      printf '%s\n' "after $((SECONDS - began)) s still here: $(left_here "$found")${REFUSED:+; $REFUSED}"
    fi
    sleep "$DRAIN_LOOK"
  done
}

left_here() {
  awk -F '|' '{ print $1 "/" $2 }' <<<"$1" | paste -sd ' '
}

# evict NAMESPACE POD: what a budget forbids for now is in REFUSED; one that is gone is gone.
evict() {
  local body said
  body="{\"apiVersion\": \"$POLICY_API\", \"kind\": \"Eviction\", \"metadata\": {\"namespace\": \"$1\", \"name\": \"$2\"}}"
  if said=$(node_kube create --raw="/api/v1/namespaces/$1/pods/$2/eviction" --filename=- <<<"$body" 2>&1); then
    printf '%s\n' "evicted: $1/$2"
  elif [[ $said == *TooManyRequests* ]]; then
    REFUSED="$1/$2: $said"
  elif [[ $said != *NotFound* ]]; then
    fail "evict $1/$2: $said"
  fi
}

# ---- packages
# Packages of this host, and the signed repositories that they come from.

APT_UPDATED=''

apt_get() {
  DEBIAN_FRONTEND=noninteractive through_proxy apt-get --quiet --yes -o Dpkg::Options::=--force-confold "$@"
}

apt_install() {
  if [[ -z $APT_UPDATED ]]; then
    apt_get update
    finish_installation
    APT_UPDATED=yes
  fi
  apt_get install --no-install-recommends "$@"
}

# An installation that was cut off (the power failed) is finished first: until then apt
# refuses any other. What dpkg cannot configure yet lacks a package, which apt brings.
finish_installation() {
  [[ -n $(dpkg --audit) || -n $(ls /var/lib/dpkg/updates) ]] || return 0
  DEBIAN_FRONTEND=noninteractive dpkg --force-confold --configure --pending || true
  apt_get install --no-remove --fix-broken
}

# The installed version of a package; nothing when it is not installed.
installed_version() {
  local found
  found=$(dpkg-query --show --showformat="\${db:Status-Abbrev}|\${Version}" "$1" 2>/dev/null || true)
  [[ ${found:1:1} != i ]] || printf '%s' "${found#*|}"
}

install_packages() {
  local name missing=()
  for name in "$@"; do
    [[ -n $(installed_version "$name") ]] || missing+=("$name")
  done
  if ((${#missing[@]} == 0)); then
    report skipped "packages are installed: $*"
    return 0
  fi
  live "install packages: ${missing[*]}" apt_install "${missing[@]}"
}

# is_version INSTALLED WANTED: WANTED may end in * (any build of a version).
is_version() {
  if [[ $2 == *'*' ]]; then
    [[ -n $1 && $1 == "${2%\*}"* ]]
  else
    [[ $1 == "$2" ]]
  fi
}

# install_pinned 'NAME|VERSION'...: exactly these versions, and no upgrade behind our back.
install_pinned() {
  local row name version held names=() wrong=()
  held=$(apt-mark showhold 2>/dev/null || true)
  local unheld=()
  for row in "$@"; do
    columns "$row" name version
    names+=("$name")
    if ! is_version "$(installed_version "$name")" "$version"; then
      # apt gives up the hold of what it changes.
      wrong+=("$name=$version") unheld+=("$name")
    elif ! grep -qxF -- "$name" <<<"$held"; then
      unheld+=("$name")
    fi
  done
  if ((${#wrong[@]})); then
    live "install packages: ${wrong[*]}" \
      apt_install --allow-downgrades --allow-change-held-packages "${wrong[@]}"
  else
    report skipped "packages have the inventory's versions: ${names[*]}"
  fi
  if ((${#unheld[@]})); then
    live "hold packages: ${unheld[*]}" apt-mark hold "${unheld[@]}"
  else
    report skipped "packages are held: ${names[*]}"
  fi
}

# add_repository NAME 'URL|SUITE|COMPONENT|KEY URL|FINGERPRINT': its key signs for it alone.
# A flat repository has the suite `/` and no component.
add_repository() {
  local name=$1 url suite component key_url fingerprint
  columns "$2" url suite component key_url fingerprint
  # The name says which key was checked before it got there.
  local key=/etc/apt/keyrings/$name-$fingerprint.asc
  install_packages ca-certificates curl gnupg
  if [[ -s ${OPTION[root]-}$key ]] && ! key_has_expired "${OPTION[root]-}$key"; then
    report skipped "${OPTION[root]-}$key is in place"
  else
    change "install the signing key $fingerprint" fetch_key "$key_url" "$fingerprint" "${OPTION[root]-}$key"
  fi
  write_file "/etc/apt/sources.list.d/$name.list" 0644 \
    "deb [arch=amd64 signed-by=$key] $url $suite${component:+ $component}"$'\n'
  if file_changed; then
    APT_UPDATED=''
  fi
}

# Owners prolong a key under its old fingerprint: then a new copy is needed.
key_has_expired() {
  local home='' found
  scratch_folder home
  found=$(gpg --import-options show-only --homedir "$home" --batch --quiet --with-colons --import "$1" 2>/dev/null || true)
  grep -q '^pub:e:' <<<"$found"
}

# fetch_key URL FINGERPRINT PATH: whatever comes from URL, only this key reaches PATH.
fetch_key() {
  local url=$1 fingerprint=$2 path=$3 home='' temporary=''
  mkdir -p -- "${path%/*}"
  scratch_folder home
  scratch temporary "${path%/*}/.key.XXXXXX"
  download "$url" "$home/download"
  gpg --homedir "$home" --batch --quiet --import "$home/download"
  gpg --homedir "$home" --batch --armor --export "$fingerprint" >"$temporary"
  [[ -s $temporary ]] || fail "$url does not hold the key $fingerprint; nothing was installed"
  chmod 0644 "$temporary"
  mv --force -- "$temporary" "$path"
}

# release_packages 'NAME|VERSION'...: whoever upgrades this host upgrades them as well.
release_packages() {
  local row name held names=()
  held=$(apt-mark showhold 2>/dev/null || true)
  for row in "$@"; do
    columns "$row" name _
    ! grep -qxF -- "$name" <<<"$held" || names+=("$name")
  done
  if ((${#names[@]})); then
    change "hold packages no longer: ${names[*]}" apt-mark unhold "${names[@]}"
  else
    report skipped 'no packages are held by this script'
  fi
}

# ---- proxy
# The way to the Internet, where it leads through a proxy (platform.proxy). Each row of PROXY is NAME=VALUE.

readonly RUNTIME_PROXY=/etc/systemd/system/$RUNTIME_SERVICE.service.d/91-dojot-proxy.conf

# through_proxy PROGRAM...: with the variables in its environment, and in no other's: kubeadm would write them into the
# control plane, and kubectl ask the proxy for the API server.
through_proxy() {
  env "${PROXY[@]}" "$@"
}

# The runtime pulls images by itself. Its file comes before its package, which starts the service.
set_runtime_proxy() {
  local row text='' path=${OPTION[root]-}$RUNTIME_PROXY
  for row in "${PROXY[@]}"; do
    text+="Environment=\"$row\""$'\n'
  done
  if [[ -n $text ]]; then
    owing "$RUNTIME_SERVICE" write_file "$RUNTIME_PROXY" 0644 $'[Service]\n'"$text"
    read_unit "$RUNTIME_SERVICE"
  elif [[ -e $path ]]; then
    owe "$RUNTIME_SERVICE"
    remove_paths 'the proxy of the runtime' "$path"
    live 'read the unit files again' systemctl daemon-reload
  fi
}

# ---- random-text
# Passwords of this script's making.

readonly RANDOM_LENGTH=32

# random_text [LENGTH]: letters and digits. dojot's auth takes no password with three characters
# in a row that are equal, rising or falling, and one text in 45 has such a run by chance.
random_text() {
  local - length=${1:-$RANDOM_LENGTH} text attempt
  set +x
  for ((attempt = 0; attempt < 100; attempt++)); do
    text=$(head --bytes=2048 /dev/urandom | LC_ALL=C tr -dc 'A-Za-z0-9')
    text=${text:0:length}
    if ((${#text} == length)) && ! has_run "$text"; then
      printf '%s' "$text"
      return 0
    fi
  done
  return 1
}

# has_run TEXT: does it hold something like aaa, abc or 321?
has_run() {
  local - text=$1 place code before=-9 step last=9
  set +x
  for ((place = 0; place < ${#text}; place++)); do
    printf -v code '%d' "'${text:place:1}"
    step=$((code - before))
    if ((step == last && step >= -1 && step <= 1)); then
      return 0
    fi
    before=$code last=$step
  done
  return 1
}

# ---- report
# How every step speaks: one line each on standard output,
#   done | skipped | would | ok | failed: what
# The chatter of the commands themselves goes to standard error.

shopt -s inherit_errexit
umask 022

# The options as they were given, or their defaults.
declare -A OPTION=()
declare -a SCRATCH=()
CURRENT='start'
REPORTED=''
# Has --dry-run said of anything that it would be changed?
PLANNED=''

set_option() {
  OPTION[$1]=$2
}

option() {
  printf '%s' "${OPTION[$1]-}"
}

dry_run() {
  [[ -n ${OPTION[dry-run]-} ]]
}

report() {
  [[ $1 != would ]] || PLANNED=yes
  printf '%s: %s\n' "$1" "$2"
}

# What a failure from here on is called.
working_on() {
  CURRENT=$1
}

fail() {
  REPORTED=yes
  report failed "$1" >&2
  exit 1
}

# refuse WHY: fail; with --dry-run only say so, and whoever called decides how to go on.
refuse() {
  dry_run || fail "$1"
  report would "refuse: $1"
}

# busy WHY: nothing is wrong here, but somebody else is at work: who runs this for others tries again.
busy() {
  REPORTED=busy
  report failed "$1" >&2
  exit 75
}

usage_error() {
  REPORTED=usage
  printf '%s\n' "bootstrap.sh: $1" >&2
  exit 2
}

# change WHAT COMMAND...: run the command and report WHAT, or only say so.
change() {
  local what=$1
  shift
  if dry_run; then
    report would "$what"
    return 0
  fi
  working_on "$what"
  "$@" >&2
  report 'done' "$what"
}

# await WHAT COMMAND...: a command that changes nothing and ends when WHAT is true. With --dry-run there is something to
# wait for where something would be changed.
await() {
  local what=$1
  shift
  if dry_run && [[ -z $PLANNED ]]; then
    report skipped "nothing to wait for, such as: $what"
    return 0
  elif dry_run; then
    report would "wait until $what"
    return 0
  fi
  working_on "wait until $what"
  "$@" >&2
  report ok "$what"
}

# live WHAT COMMAND...: a change of the running system, which --root does not have.
live() {
  if [[ -n ${OPTION[root]-} ]]; then
    report skipped "$1 (--root: no running system)"
    return 0
  fi
  change "$@"
}

# scratch VARIABLE TEMPLATE: a temporary file (0600) that does not outlive the script.
# TEMPLATE ends in .XXXXXX. What a run that was killed has left there goes first.
scratch() {
  local made
  rm -f -- "${2%XXXXXX}"??????
  made=$(mktemp "$2")
  SCRATCH+=("$made")
  printf -v "$1" '%s' "$made"
}

scratch_folder() {
  local made
  made=$(mktemp --directory)
  SCRATCH+=("$made")
  printf -v "$1" '%s' "$made"
}

on_exit() {
  local status=$?
  trap - EXIT
  if ((${#SCRATCH[@]})); then
    rm -rf -- "${SCRATCH[@]}"
  fi
  if ((status != 0)); then
    [[ -n $REPORTED ]] || report failed "$CURRENT" >&2
    [[ $REPORTED == usage || $REPORTED == busy ]] || status=1
  fi
  exit "$status"
}

trap on_exit EXIT
trap 'exit 1' INT TERM HUP

# For a subshell, which has no traps of its own and the temporary files of all others.
as_a_run_of_its_own() {
  SCRATCH=()
  trap on_exit EXIT
}

# ---- repository
# The repository as this host has fetched it, bare. Of what lies in it nothing is run.

readonly FOLLOW_REPOSITORY=/var/lib/dojot/follow.git
# Seconds to wait for an answer.
readonly FOLLOW_PATIENCE=120
# In the repository here: what is wanted, what this host has.
readonly WANTED_REF=refs/dojot/wanted INSTALLED_REF=refs/dojot/installed

# No prompts, and none of it is anybody's but root's.
git_here() {
  GIT_TERMINAL_PROMPT=0 git --git-dir="$FOLLOW_REPOSITORY" "$@"
}

# One look at a time. What a run that was killed has locked is free again.
lock_repository() {
  local descriptor
  install --directory --mode=0700 -- "$FOLLOW_REPOSITORY"
  exec {descriptor}<"$FOLLOW_REPOSITORY"
  flock --nonblock "$descriptor" || busy 'another look into the repository is at work. Run this step again when that has ended'
  find "$FOLLOW_REPOSITORY" -name '*.lock' -delete
  git_here init --quiet --bare --template= >&2
}

# fetch_revision URL REVISION: all of its history, by which it is known whether a commit is older than another.
fetch_revision() {
  local said=''
  scratch said "${TMPDIR:-/tmp}/dojot-follow.XXXXXX"
  timeout --kill-after=10 "$FOLLOW_PATIENCE" env "${PROXY[@]}" GIT_TERMINAL_PROMPT=0 git --git-dir="$FOLLOW_REPOSITORY" \
    fetch --quiet --no-tags --force -- "$1" "$2:$WANTED_REF" >"$said" 2>&1 </dev/null ||
    look_unreachable "Git cannot fetch $2 of $1: $(sed -n '/^[Ww]arning/d; /./ { s,//[^/@]*@,//,g; p; q }' -- "$said")"
}

# What is wanted, also where that is a tag; nothing where it is no commit.
wanted_commit() {
  git_here rev-parse --verify --quiet "$WANTED_REF^{commit}" || true
}

# What this host has; nothing before its first look.
installed_commit() {
  git_here rev-parse --verify --quiet "$INSTALLED_REF" || true
}

note_installed() {
  git_here update-ref "$INSTALLED_REF" "$1"
}

# take_file COMMIT PATH FILE
take_file() {
  git_here cat-file blob "$1:$2" >"$3" 2>/dev/null || look_refused "$1" "it has no file $2"
}

# need_signature COMMIT: of a key of SSH that the inventory names; what root's GnuPG trusts is something else.
need_signature() {
  local row name key allowed=''
  ((${#SIGNERS[@]})) || return 0
  scratch allowed "${TMPDIR:-/tmp}/dojot-signers.XXXXXX"
  for row in "${SIGNERS[@]}"; do
    columns "$row" name key
    printf '%s namespaces="git" %s\n' "$name" "$key" >>"$allowed"
  done
  git_here -c gpg.ssh.allowedSignersFile="$allowed" -c gpg.ssh.program=ssh-keygen -c gpg.program=false \
    -c gpg.openpgp.program=false -c gpg.x509.program=false verify-commit "$1" >&2 ||
    look_refused "$1" 'none of load_balancer.follow.signers has signed it'
}

# relation_of_commits BEFORE NOW: what this look has brought, in words.
relation_of_commits() {
  local short=${2:0:12}
  if [[ -z $1 ]]; then
    printf '%s' "$short is installed"
  elif [[ $1 == "$2" ]]; then
    printf '%s' "$short stays installed"
  elif git_here merge-base --is-ancestor "$1" "$2"; then
    printf '%s' "$short is installed, which comes after ${1:0:12}"
  elif git_here merge-base --is-ancestor "$2" "$1"; then
    printf '%s' "$short is installed, which is OLDER than ${1:0:12}: somebody has taken commits back"
  else
    printf '%s' "$short is installed, which does NOT come after ${1:0:12}: somebody has written another history, or names another revision"
  fi
}

# ---- runtime-containerd
# Container runtime `containerd`. The package's own configuration switches off what the
# kubelet talks to; apt keeps the file that is there before it.

runtime_containerd() {
  install_runtime /etc/containerd/config.toml
}

# run_image_containerd FOLDER IMAGE COMMAND...
run_image_containerd() {
  ctr --namespace=k8s.io run --rm --mount="type=bind,src=$1,dst=$1,options=rbind:rw" -- "$2" "dojot-$$" "${@:3}"
}

# ---- runtime-docker
# Container runtime `docker`. One part a runtime: platform.runtime.name chooses it.

runtime_docker() {
  install_runtime /etc/docker/daemon.json
}

# run_image_docker FOLDER IMAGE COMMAND...
run_image_docker() {
  docker run --rm --network=none --volume="$1:$1" --entrypoint='' "$2" "${@:3}"
}

# ---- runtime
# What container runtimes that come as a pinned package have in common.

# containerd's, for registries that have no folder of their own; Docker has its mirror in RUNTIME_CONFIG.
readonly MIRROR_FILE=/etc/containerd/certs.d/_default/hosts.toml
readonly MIRROR_MARK='# Written by the bootstrap of dojot (platform.runtime.mirror).'
readonly RUNTIME_LIMITS=/etc/systemd/system/$RUNTIME_SERVICE.service.d/90-dojot.conf

# install_runtime FILE: the runtime's limits, its configuration, its packages, its service.
install_runtime() {
  local was_active='' limited=''
  if is_active "$RUNTIME_SERVICE"; then
    was_active=yes
  fi
  # Both files come first: the package starts the service as it installs.
  if [[ -n $RUNTIME_OPEN_FILES ]]; then
    write_runtime_limits
    if file_changed; then
      limited=yes
    fi
  fi
  set_runtime_proxy
  set_mirror
  owing "$RUNTIME_SERVICE" write_file "$1" 0644 "$RUNTIME_CONFIG" keep
  add_repository "$RUNTIME_NAME" "$RUNTIME_REPOSITORY"
  install_pinned "${RUNTIME_PACKAGES[@]}"
  if [[ -z $was_active ]]; then
    settle "$RUNTIME_SERVICE"
  fi
  if [[ -n $was_active && -n $limited ]] || runtime_has_old_limits; then
    live "restart service $RUNTIME_SERVICE: containers may open $RUNTIME_OPEN_FILES files; $(what_keeps_old_limits)" \
      systemctl restart "$RUNTIME_SERVICE"
    settle "$RUNTIME_SERVICE"
  fi
  run_service "$RUNTIME_SERVICE"
}

# Asked as the registry itself would be, with its name as `ns`; the registry comes after it. Read at each pull.
set_mirror() {
  if [[ -n $RUNTIME_MIRROR ]]; then
    write_file "$MIRROR_FILE" 0644 "$MIRROR_MARK
[host.\"$RUNTIME_MIRROR\"]
capabilities = [\"pull\", \"resolve\"]
"
  else
    remove_mirror
  fi
}

# One of somebody else's stays.
remove_mirror() {
  local path=${OPTION[root]-}$MIRROR_FILE
  if [[ -f $path && $(head -n 1 -- "$path") == "$MIRROR_MARK" ]]; then
    remove_paths 'the mirror of registries' "$path"
  fi
}

# Containers inherit the limit of open files of the runtime's unit. Where its package leaves that to
# systemd, they would have 1,024.
write_runtime_limits() {
  write_file "$RUNTIME_LIMITS" 0644 \
    $'[Service]\n'"LimitNOFILE=$RUNTIME_OPEN_FILES"$'\n'
  read_unit "$RUNTIME_SERVICE"
}

# Does the runtime run since before its limit was there? The file alone does not tell: whoever
# wrote it may have been stopped before the restart. A program in Go raises its own soft limit to one
# below the hard one, unless both are alike as here, and hands on what it was started with.
runtime_has_old_limits() {
  local limit most
  [[ -n $RUNTIME_OPEN_FILES ]] && is_active "$RUNTIME_SERVICE" || return 1
  limit=$(open_files "$(systemctl show --property=MainPID --value "$RUNTIME_SERVICE")" soft)
  # systemd gives no more than it may open itself.
  most=$(open_files 1 hard)
  [[ $limit =~ ^[0-9]+$ && $most =~ ^[0-9]+$ ]] || return 1
  ((limit < (RUNTIME_OPEN_FILES < most ? RUNTIME_OPEN_FILES : most)))
}

# open_files PID soft|hard: the limit of a running process.
open_files() {
  awk -v column="$2" '/^Max open files/ { print column == "soft" ? $4 : $5 }' "/proc/$1/limits" 2>/dev/null || true
}

# Restarting the runtime ends no container, and what starts them keeps the limit that it was started with.
what_keeps_old_limits() {
  local row label
  printf 'pods that run here keep their old limit until they are made again'
  for row in "${BROKERS[@]}"; do
    columns "$row" _ _ _ label _
    if [[ $label == "$(self label)" ]]; then
      printf ', the brokers one by one with: %s' "$(how_to_renew "$row")"
    fi
  done
}

# how_to_renew ROW of BROKERS: a command that makes each broker's pod again, once the one before it is ready.
how_to_renew() {
  local namespace set count number pods=''
  columns "$1" namespace set count _
  for ((number = 0; number < count; number++)); do
    pods+=" $set-$number"
  done
  printf '%s' "for pod in$pods; do kubectl --namespace=$namespace delete pod \$pod && kubectl --namespace=$namespace rollout status statefulset/$set || break; done"
}

# The command that lists this host's containers, those of the control plane too.
list_containers() {
  if [[ $RUNTIME_NAME == docker ]]; then
    printf 'docker ps --all'
  else
    printf 'crictl ps --all'
  fi
}

# ---- secrets
# The Secrets of the inventory. Each is named NAMESPACE/SECRET, as in the first column of SECRETS.

# secret_names provided|made: those that people bring, or those that this script makes, a line each.
secret_names() {
  local row secret kind previous=''
  for row in "${SECRETS[@]}"; do
    columns "$row" secret _ kind _
    [[ $secret != "$previous" ]] || continue
    previous=$secret
    [[ $kind == provided ]] || kind=made
    [[ $kind != "$1" ]] || printf '%s\n' "$secret"
  done
}

# wanted_keys SECRET: a line each.
wanted_keys() {
  rows "$1" "${SECRETS[@]}" | cut --delimiter='|' --fields=2
}

# missing_keys SECRET PRESENT: the wanted ones that are not in what secret_keys has said, a line each.
missing_keys() {
  local key
  for key in $(wanted_keys "$1"); do
    grep -qxF -- "key $key" <<<"$2" || printf '%s\n' "$key"
  done
}

# secret_keys SECRET: `secret`, then `key NAME` for each; nothing when it does not exist.
secret_keys() {
  kube --namespace="${1%%/*}" get secret "${1#*/}" --ignore-not-found \
    --output=go-template="{{println \"secret\"}}{{range \$key, \$value := .data}}{{println \"key\" \$key}}{{end}}"
}

# how_to_provide SECRET: the command that creates it, with each key from a file.
how_to_provide() {
  local key keys=''
  for key in $(wanted_keys "$1"); do
    keys+=" --from-file=$key=FILE"
    # A kubelet looks at no other Secret for a registry's password.
    [[ $key != .dockerconfigjson ]] || keys+=" --type=kubernetes.io/dockerconfigjson"
  done
  printf 'kubectl --namespace=%s create secret generic %s%s' "${1%%/*}" "${1#*/}" "$keys"
}

# secret_values SECRET KEY...: the stringData of these keys.
secret_values() {
  local - found row key kind value wanted
  set +x
  mapfile -t found < <(rows "$1" "${SECRETS[@]}")
  shift
  printf 'stringData:\n'
  for row in "${found[@]}"; do
    columns "$row" _ key kind value
    for wanted in "$@"; do
      [[ $wanted == "$key" ]] || continue
      if [[ $kind == random ]]; then
        value=$(random_text "$value") || return 1
      fi
      printf "  '%s': '%s'\n" "$key" "${value//\'/\'\'}"
    done
  done
}

# how_to_replace SECRET: the same, of one that is there.
how_to_replace() {
  local how=--dry-run=client
  ! is_newer v1.18.0 "$KUBERNETES_VERSION" || how=--dry-run
  printf '%s %s --output=yaml | kubectl replace --filename=-' "$(how_to_provide "$1")" "$how"
}

# secret_lines SECRET KEY...: what the cluster has of these keys, a line each.
secret_lines() {
  local - key text=''
  set +x
  for key in "${@:2}"; do
    text+="{{index .data \"$key\" | base64decode | println}}"
  done
  kube --namespace="${1%%/*}" get secret "${1#*/}" --output=go-template="$text"
}

# ---- New values. The former one of KEY stays beside it as KEY.former, until all that need it have the new one.

readonly FORMER_SUFFIX=.former

# former_keys PRESENT: of what secret_keys has said, a line each.
former_keys() {
  sed -n "s/^key \(.*$FORMER_SUFFIX\)\$/\1/p" <<<"$1"
}

# renew_secret SECRET KEY...: the object as it is, with each key copied, and a new value after it. As of all changes here, its
# resourceVersion makes the server refuse when somebody else was faster.
renew_secret() {
  local - secret=$1 text key edits=()
  set +x
  for key in "${@:2}"; do
    edits+=(--expression="/^data:/,/^[^ ]/ s/^  ${key//./\\.}\(: .*\)/&\n  $key$FORMER_SUFFIX\1/")
  done
  text=$(kube --namespace="${secret%%/*}" get secret "${secret#*/}" --output=yaml)
  text=$(printf '%s\n' "$text" | sed "${edits[@]}")
  for key in "${@:2}"; do
    [[ $text == *$'\n'"  $key$FORMER_SUFFIX: "* ]] ||
      fail "kubectl does not show $key of Secret ${secret#*/} in a line of its own: nothing was changed"
  done
  {
    printf '%s\n' "$text"
    secret_values "$@"
  } | kube replace --filename=-
}

# drop_former SECRET: every former value.
drop_former() {
  local -
  set +x
  kube --namespace="${1%%/*}" get secret "${1#*/}" --output=yaml |
    sed "/^data:/,/^[^ ]/ { /^  [^ ]*\\$FORMER_SUFFIX: /d }" | kube replace --filename=-
}

# ---- services
# Services of this host, and the unit files behind them.

is_active() {
  [[ -z ${OPTION[root]-} ]] && systemctl is-active --quiet "$1" 2>/dev/null
}

# runs_since_before PID FILE: did this process start before the file got there, or was changed, last? Two seconds are left
# for a service that reads its file as that comes. A file that is put back as it was before keeps its old time of writing.
runs_since_before() {
  local age
  [[ -z ${OPTION[root]-} && -f $2 ]] || return 1
  age=$(ps -o etimes= -p "$1" 2>/dev/null || true)
  [[ $age =~ ^\ *[0-9]+$ ]] && (($(date +%s) - age + 2 < $(stat -c %Z -- "$2")))
}

# unit_is_stale NAME: has a file of it changed since systemd read it?
unit_is_stale() {
  [[ -z ${OPTION[root]-} && $(systemctl show --property=NeedDaemonReload --value "$1" 2>/dev/null || true) == yes ]]
}

# read_unit NAME: where the last write_file, or a run that has ended since then, has changed a file of it.
read_unit() {
  if file_changed || unit_is_stale "$1"; then
    live 'read the unit files again' systemctl daemon-reload
  fi
}

# run_service NAME: enabled and running, with its files as they are now.
run_service() {
  local name=$1
  if [[ -z ${OPTION[root]-} ]] && systemctl is-enabled --quiet "$name" 2>/dev/null; then
    report skipped "service $name is enabled"
  else
    live "enable service $name" systemctl enable "$name"
  fi
  if ! is_active "$name"; then
    live "start service $name" systemctl start "$name"
  elif is_owed "$name"; then
    live "restart service $name" systemctl restart "$name"
  else
    report skipped "service $name is running"
  fi
  settle "$name"
}

# end_service NAME: neither running nor started at boot.
end_service() {
  if is_active "$1" || systemctl is-enabled --quiet "$1" 2>/dev/null; then
    change "end service $1, also after boots" systemctl disable --now "$1"
  else
    report skipped "service $1 neither runs nor is enabled"
  fi
}

# ---- source-addresses
# The addresses from which a load balancer connects to brokers.

# HAProxy cannot connect from an address that the host does not have. Interfaces are the system's own affair, whatever sets
# them up there (netplan, systemd-networkd, ifupdown): so a person adds addresses, and this step looks.
need_source_addresses() {
  local row address addresses lacks=''
  [[ -z ${OPTION[root]-} ]] || return 0
  while IFS= read -r row; do
    columns "$row" _ _ _ addresses
    for address in $addresses; do
      has_address "$address" || lacks+="${lacks:+, }$address"
    done
  done < <(rows "$(self name)" "${LOAD_BALANCERS[@]}")
  [[ -z $lacks ]] ||
    refuse "this host does not have $lacks (load_balancers.$(self name).source_addresses): add it to its interface, so that it is there after a boot, too"
}

# ---- swap
# Swap: off where a kubelet is to run.

# Before a line of /etc/fstab that is off.
readonly SWAP_MARK='# swap is off for the kubelet: '

# Now, and after every boot: the kubelet does not start while swap is on.
switch_swap_off() {
  local path=${OPTION[root]-}/etc/fstab text
  if [[ -f $path ]]; then
    text=$(awk '$1 !~ /^#/ && $3 == "swap" { print mark $0; next } { print }' mark="$SWAP_MARK" "$path")
    write_file /etc/fstab "$(stat -c 0%a -- "$path")" "$text"$'\n' keep
  else
    report skipped "$path does not exist"
  fi
  if [[ -z ${OPTION[root]-} && $(wc -l </proc/swaps) -le 1 ]]; then
    report skipped 'swap is off'
  else
    live 'switch swap off' swapoff --all
  fi
}

# After the next boot.
give_swap_back() {
  if grep -qsF -- "$SWAP_MARK" /etc/fstab; then
    write_file /etc/fstab "$(stat -c 0%a -- /etc/fstab)" "$(sed "s/^$SWAP_MARK//" /etc/fstab)"$'\n' keep
  else
    report skipped '/etc/fstab has no swap that is off for the kubelet'
  fi
}

# ---- tables
# The inventory's tables: an array each, a row one word of columns parted by `|`. The last column takes the rest.

# columns ROW NAME...: the columns of a row into these variables.
columns() {
  IFS='|' read -r "${@:2}" <<<"$1"
}

# rows FIRST ROW...: those whose first column is FIRST, a line each.
rows() {
  local row
  for row in "${@:2}"; do
    [[ $row != "$1|"* ]] || printf '%s\n' "$row"
  done
}

# ---- templates
# Templates of what kubectl prints, or takes, are written one clause a line.

# template TEXT [WORD VALUE]...: the text as kubectl reads it, without line breaks and indentation; @WORD@ is VALUE.
template() {
  local line text=''
  while IFS= read -r line; do
    text+=${line#"${line%%[! ]*}"}
  done <<<"$1"
  shift
  while (($#)); do
    text=${text//@$1@/"$2"}
    shift 2
  done
  printf '%s' "$text"
}

# ---- volumes
# What the step volumes has made on this node.

# On the system's disk: a directory a line. A disk of data that is missing
# would otherwise be made up by empty directories, and the databases would start empty.
readonly VOLUMES_RECORD=/etc/dojot/volumes

recorded_volumes() {
  if [[ -f ${OPTION[root]-}$VOLUMES_RECORD ]]; then
    cat -- "${OPTION[root]-}$VOLUMES_RECORD"
  fi
}

# ---- which-cluster
# Is the cluster that answers the inventory's? Its nodes say so. The server's address does not:
# a tunnel, a load balancer or kind give it another one.

# wrong_cluster: what is wrong; nothing where a control plane has the inventory's name and address.
wrong_cluster() {
  local server found row name address role wanted=''
  server=$(kube config view --minify --output='jsonpath={.clusters[0].cluster.server}' 2>/dev/null || true)
  server="the cluster at ${server:-an address that the kubeconfig does not say}"
  found=$(cluster_nodes) || {
    printf '%s does not say which nodes it has (see above)' "$server"
    return 0
  }
  for row in "${NODES[@]}"; do
    columns "$row" name address role _
    [[ $role == control-plane ]] || continue
    ! grep -qxF -- "$name $address" <<<"$found" || return 0
    wanted+="${wanted:+, }$name $address"
  done
  found=$(head -n 10 <<<"$found" | paste -sd ',')
  printf '%s is not %s: its nodes are %s; the inventory has the control plane %s' \
    "$server" "$CLUSTER_NAME" "${found:-none}" "$wanted"
}

IFS= read -r -d '' NODE_ADDRESSES <<'END' || true
{{range .items}}
  {{$name := .metadata.name}}
  {{range .status.addresses}}
    {{if eq .type "InternalIP"}}{{println $name .address}}{{end}}
  {{end}}
{{end}}
END
readonly NODE_ADDRESSES

# cluster_nodes: a line `NAME ADDRESS` for each.
cluster_nodes() {
  kube get nodes --output=go-template="$(template "$NODE_ADDRESSES")"
}

# ---- argocd
step_argocd() {
  need_root
  need_cluster
  need_compiled argocd argocd-cm.yml project.yml application.yml
  if [[ $ARGOCD_EXISTING == true ]]; then
    use_existing_argocd
    argocd_can_be_used || return 0
  else
    own_argocd
    argocd_is_ours || return 0
    install_argocd
  fi
  apply 'the Argo CD project' --filename="$(compiled)/argocd/project.yml"
  apply 'the Argo CD application' --filename="$(compiled)/argocd/application.yml"
}

install_argocd() {
  local manifest=/var/cache/dojot/argocd-$ARGOCD_VERSION.yml how=()
  if [[ $ARGOCD_SERVER_SIDE == true ]]; then
    # Fields that another release set client-side are taken over, not fought about.
    how=(--server-side --force-conflicts)
  fi
  fetch "$ARGOCD_MANIFEST_URL" "$ARGOCD_MANIFEST_SHA256" "$manifest" 0644
  apply "Argo CD $ARGOCD_VERSION" --namespace="$ARGOCD_NAMESPACE" \
    "${how[@]}" --filename="${OPTION[root]-}$manifest"
  place_argocd
  configure_argocd
  wait_for_argocd
}

readonly PLACED='
{"spec": {"template": {"spec": {"affinity": {"nodeAffinity": {
  "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
    {"matchExpressions": [{"key": "@KEY@", "operator": "In", "values": ["@VALUE@"]}]}
  ]}
}}}}}}'

# By affinity, which the release's own manifest leaves free. The nodeSelector is its own: applying
# the manifest again would take our key out of it, and every pod would move twice.
place_argocd() {
  local workload found
  if ! cluster_known; then
    report would "place Argo CD on $GROUP_LABEL=$ARGOCD_LABEL"
    return 0
  fi
  for workload in $(argocd_workloads); do
    found=$(argocd_place "$workload")
    if [[ $found == "$GROUP_LABEL In [$ARGOCD_LABEL]" ]]; then
      report skipped "$workload is placed on $GROUP_LABEL=$ARGOCD_LABEL"
    else
      change "place $workload on $GROUP_LABEL=$ARGOCD_LABEL" argocd_kube patch "$workload" --type=merge \
        --patch="$(template "$PLACED" KEY "$GROUP_LABEL" VALUE "$ARGOCD_LABEL")"
    fi
  done
}

# Only the keys of this file: what else is in argocd-cm stays.
configure_argocd() {
  local output patch
  # The last line break of a file can be part of its last value.
  patch=$(<"$(compiled)/argocd/argocd-cm.yml")$'\n'
  if dry_run && [[ $(patched_settings "$patch") != *'(no change)'* ]]; then
    report would 'set the keys of argocd-cm'
    return 0
  elif dry_run; then
    report skipped 'argocd-cm has its keys'
    return 0
  fi
  working_on 'set the keys of argocd-cm'
  output=$(argocd_kube patch configmap argocd-cm --type=merge --patch="$patch")
  if [[ $output == *'(no change)'* ]]; then
    report skipped 'argocd-cm has its keys'
  else
    report 'done' 'set the keys of argocd-cm'
  fi
}

wait_for_argocd() {
  local workload
  await 'the kinds of Argo CD are known' kube wait --for=condition=Established --timeout=60s \
    crd/applications.argoproj.io crd/appprojects.argoproj.io
  if cluster_known; then
    for workload in $(argocd_workloads); do
      await "$workload runs" argocd_kube rollout status "$workload" --timeout=600s
    done
  fi
}

# ---- backup-timer
# systemd's own protection bounds the service to what a backup needs: it reads all of the host, and writes to three
# folders. Passwords and keys are in none of its files.

step_backup_timer() {
  need_root
  need_running_system
  identify
  need_role control-plane
  local at folder
  if ((${#BACKUPS[@]} == 0)); then
    remove_backup_timer
    return 0
  fi
  columns "${BACKUPS[0]}" at _ folder
  need_other_disk "$folder"
  install_own_copy
  if [[ ! -d ${BACKUP_METRICS%/*} ]]; then
    change "make ${BACKUP_METRICS%/*}" install --directory --mode=0755 -- "${BACKUP_METRICS%/*}"
  fi
  write_file "$BACKUP_UNIT.service" 0644 "$(backup_service "$folder")"$'\n'
  read_unit dojot-backup.service
  owing dojot-backup.timer write_file "$BACKUP_UNIT.timer" 0644 "$(backup_timer "$at")"$'\n'
  read_unit dojot-backup.timer
  run_service dojot-backup.timer
}

# backup_service FOLDER
backup_service() {
  cat <<UNIT
[Unit]
Description=Backup of dojot: etcd, certificates and keys, databases
After=network-online.target kubelet.service
Wants=network-online.target
RequiresMountsFor=$1

[Service]
Type=oneshot
ExecStart=/bin/bash $OWN_COPY backup
TimeoutStartSec=6h
Nice=19
IOSchedulingClass=idle
# kubectl keeps a cache there.
Environment=HOME=/tmp
UMask=0077
PrivateTmp=true
ProtectSystem=strict
ReadWritePaths=$1 $ETCD_FOLDER ${BACKUP_METRICS%/*}
ProtectHome=true
ProtectKernelModules=true
ProtectKernelTunables=true
ProtectControlGroups=true
NoNewPrivileges=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=true
RestrictRealtime=true
LockPersonality=true
SystemCallArchitectures=native
# What root needs of its own files.
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER
UNIT
}

# Persistent: a host that was off at that time makes it when it is back.
backup_timer() {
  cat <<UNIT
[Unit]
Description=Backup of dojot each day at $1 UTC

[Timer]
OnCalendar=*-*-* $1:00 UTC
RandomizedDelaySec=5min
Persistent=true

[Install]
WantedBy=timers.target
UNIT
}

# ---- backup
step_backup() {
  need_root
  need_running_system
  identify
  need_role control-plane
  local to keep='' databases=()
  to=$(option to)
  if [[ -z $to ]]; then
    if ((${#BACKUPS[@]} == 0)); then
      refuse 'the inventory makes no backups (backup.enabled: false): let it do so, or name a folder with --to'
      return 0
    fi
    columns "${BACKUPS[0]}" _ keep to
    need_other_disk "$to"
  fi
  [[ -d $to ]] || dry_run || fail "there is no directory $to: mount it, or make it"
  need_cluster
  mapfile -t databases < <(database_names)
  make_backup "$to" "$KUBERNETES_VERSION" "${databases[@]}"
  if [[ -n $keep ]]; then
    tell_backup "$BACKUP_MADE"
    remove_old_backups "$to" "$keep"
  fi
}

# ---- certificates
# Also where they have ended and no API server answers any more: all that it needs is on this host. The kubelet renews its
# own, and kubeadm renews no CA: those live for ten years.

step_certificates() {
  local within path due='' ends now
  need_root
  need_running_system
  identify
  need_role control-plane
  within=$(option within)
  [[ $within =~ ^[0-9]{1,4}$ ]] || usage_error "--within wants a number of days, not $within"
  if [[ ! -e $ADMIN_CONF ]]; then
    refuse "this host has no control plane: there is no $ADMIN_CONF"
    return 0
  fi
  now=$(date +%s)
  for path in $(renewed_certificates); do
    ends=$(certificate_end "$path")
    report ok "$path ends $(days_until "$ends")"
    ((ends >= now + 86400 * within)) || due=yes
  done
  if [[ -n $due ]]; then
    owe_kubeconfig
    for path in "${STATIC_PODS[@]}"; do
      owe "$path"
    done
    change 'kubeadm certs renew all' renew_certificates
  else
    report skipped "none ends within $within days"
  fi
  renew_kubeconfig
  if pods_are_owed; then
    renew_owed_pods
    await 'the API server shows its new certificate' shows_certificate 6443 "$KUBERNETES_FOLDER/pki/apiserver.crt"
    await 'etcd shows its new certificate' shows_certificate 2379 "$KUBERNETES_FOLDER/pki/etcd/server.crt"
    await 'the API server takes the new certificate of the administrator' api_server_answers
  fi
  look_at_lasting_certificates "$within"
}

# Those of `kubeadm certs renew all` that are here: which there are depends on the release.
renewed_certificates() {
  local path
  for path in "$KUBERNETES_FOLDER"/pki/*.crt "$KUBERNETES_FOLDER"/pki/etcd/*.crt "$KUBERNETES_FOLDER"/*.conf; do
    if [[ $path != *ca.crt && $path != "$KUBELET_CONF" && -e $path ]]; then
      printf '%s\n' "$path"
    fi
  done
}

# Before 1.20 it is not settled where the command belongs.
renew_certificates() {
  local command=(kubeadm certs)
  if ! kubeadm certs --help >/dev/null 2>&1; then
    command=(kubeadm alpha certs)
  fi
  "${command[@]}" renew all
}

# shows_certificate PORT PATH: of a server on this host that starts.
shows_certificate() {
  local attempt shown wanted
  wanted=$(openssl x509 -noout -fingerprint -sha256 -in "$2")
  for ((attempt = 1; attempt <= API_ATTEMPTS; attempt++)); do
    shown=$(openssl s_client -connect "$(self address):$1" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256 2>/dev/null || true)
    [[ $shown != "$wanted" ]] || return 0
    sleep 5
  done
  fail "port $1 of $(self address) does not show the certificate of $2: look at $(list_containers), then run this step again"
}

# look_at_lasting_certificates DAYS: CAs, and the kubelet's own.
look_at_lasting_certificates() {
  local path ends now
  now=$(date +%s)
  for path in "$KUBERNETES_FOLDER"/pki/*ca.crt "$KUBERNETES_FOLDER"/pki/etcd/ca.crt; do
    ends=$(certificate_end "$path")
    ((ends >= now + 86400 * $1)) ||
      fail "$path ends $(days_until "$ends"), and with it all that it has signed; kubeadm renews no CA: kubernetes.io/docs/tasks/tls/manual-rotation-of-ca-certificates"
    report ok "$path ends $(days_until "$ends")"
  done
  look_at_kubelet_certificate
}

# ---- control-plane
step_control_plane() {
  need_root
  need_running_system
  identify
  need_role control-plane
  if ! is_first; then
    refuse "$(self name) is not the first control plane: on it runs join-control-plane, and join-key on another one before it"
    return 0
  fi
  init_control_plane
  write_kubeconfig
  need_cluster
  renew_control_plane
  take_kubelet_config
  apply_pod_network
  wait_for_control_plane
}

init_control_plane() {
  # First: without them no API server starts, so that one which does not answer may be waiting for just these.
  keep_api_server_files
  if [[ -e $ADMIN_CONF ]]; then
    need_finished_init
    return 0
  elif [[ -e $ETCD_DATA ]]; then
    refuse "this host holds the data of a cluster ($ETCD_DATA) but no $ADMIN_CONF. Where the cluster is to live, \"kubeadm init phase kubeconfig admin --config=kubeadm-init.yml\" (the file beside this script) makes that file again from /etc/kubernetes/pki; before anything else, save /var/lib/etcd"
    return 0
  fi
  need_no_other_api_server || return 0
  write_api_server_files
  make_control_plane
}

# A control plane that is away for a moment is not an init that broke off: where etcd has data,
# a reset would destroy the cluster.
need_finished_init() {
  local proxy unfinished='an earlier kubeadm init did not finish'
  if ! api_server_answers; then
    if [[ -e $ETCD_DATA ]]; then
      refuse "the API server does not answer, and this host holds the data of a cluster ($ETCD_DATA), so do not reset it. Look at $(list_containers) and at journalctl -u kubelet; run this step again when the API server answers"
    else
      refuse "$unfinished: the API server does not answer, and etcd has no data ($ETCD_DATA). See journalctl -u kubelet; if this host holds nothing you need, run \"kubeadm reset\" yourself and then this step again"
    fi
    return 0
  fi
  # The kube-proxy addon is what kubeadm init does last.
  if ! proxy=$(admin_kube --namespace=kube-system get daemonset kube-proxy --ignore-not-found --output=name); then
    refuse "the API server answers, but not what it is asked with $ADMIN_CONF (see above), so nobody knows whether kubeadm init has finished: put that right, then run this step again"
  elif [[ -n $proxy ]]; then
    report skipped 'the control plane exists'
  elif [[ -e $ETCD_DATA ]]; then
    refuse "$unfinished: the API server answers, but kube-proxy, which comes last, is not there (see journalctl -u kubelet). This host holds etcd's data ($ETCD_DATA): save them first (etcdctl snapshot save). If nothing of the cluster is needed, then run \"kubeadm reset\" yourself and this step again"
  else
    refuse "$unfinished: kube-proxy, which comes last, is not there (see journalctl -u kubelet). If this host holds nothing you need, run \"kubeadm reset\" yourself and then this step again"
  fi
}

apply_pod_network() {
  local file=''
  scratch file "${TMPDIR:-/tmp}/dojot-network.XXXXXX"
  printf '%s' "$POD_NETWORK" >"$file"
  apply 'the pod network' --filename="$file"
}

# ---- drain
# A broker ends each session after scale.session_lifetime, and the device comes back to another one.

# Seconds: how often to look, how often to tell, and how much later than a lifetime the last session may end.
readonly SESSIONS_LOOK=5 SESSIONS_TELL=60 SESSIONS_GRACE=60

step_drain() {
  local server
  check_server_option
  need_root
  need_running_system
  need_load_balancer
  need_haproxy
  need_server
  server=$(option server)
  need_others "$server"
  weigh "$server" 0
  if [[ -n $(option wait) ]]; then
    await "$server has no session left" wait_for_sessions "$server"
  elif haproxy_known; then
    report ok "$server has $(sessions_of "$server") sessions left, and each ends within $SESSION_LIFETIME s; --wait waits for them"
  fi
  dry_run || report ok "$(next_after_drain "$server")"
}

# need_others SERVER: brokers are sized for one that is missing, and a listener without servers refuses everybody.
need_others() {
  local own row listener server state up out='' alone=''
  for own in $(of_server "$1"); do
    columns "$own" listener _ state _
    [[ $state != drained ]] || continue
    up=''
    for row in $(printf '%s\n' "${SERVERS[@]}" | grep -- "^$listener|"); do
      columns "$row" _ server state _
      [[ $server != "$1" ]] || continue
      if [[ $state == up ]]; then
        up=yes
      else
        out+="${out:+, }$server ($state in $listener)"
      fi
    done
    [[ -n $up ]] || alone+="${alone:+, }$listener"
  done
  if [[ -n $alone ]]; then
    need_force "no other server of $alone takes new sessions: clients would be refused"
  elif [[ -n $out ]]; then
    need_force "$out is out already, and the others have room for the devices of one server that is missing: some would be refused"
  fi
}

# wait_for_sessions SERVER: a line a minute.
wait_for_sessions() {
  local left began=$SECONDS told=$SECONDS
  while left=$(sessions_of "$1") && ((left)); do
    ((SECONDS - began <= SESSION_LIFETIME + SESSIONS_GRACE)) ||
      fail "$1 still has $left sessions after $((SECONDS - began)) s, longer than scale.session_lifetime ($SESSION_LIFETIME s): look at its broker. It stays drained; what is left ends with the broker"
    if ((SECONDS - told >= SESSIONS_TELL)); then
      told=$SECONDS
      printf '%s\n' "$1 has $left sessions left after $((SECONDS - began)) s"
    fi
    sleep "$SESSIONS_LOOK"
  done
}

next_after_drain() {
  local others
  others=$(other_balancers)
  printf '%s' "$1 stays drained, through reloads and restarts of HAProxy too. When it has no session left, on the control plane: kubectl drain $1 --ignore-daemonsets --delete-emptydir-data. When its broker is back: bootstrap.sh undrain --server $1${others:+. Drain and undrain it on $others as well}"
}

# ---- follow
# What is done with the file is what load-balancer does with one. A commit is not installed where it is not signed by a
# person of load_balancer.follow.signers, where the file is not whole or HAProxy refuses it, and where the kernel's limits
# or the unit's come first. It is followed wherever the revision leads, as Argo CD does: brokers and load balancer at two
# commits are worse than both at an old one.
#
# A look has no --dry-run: only its last part waits for other runs on this host, or a network that hangs would stop them.

step_follow() {
  local revision path url folder='' own wanted installed due what
  need_root
  need_running_system
  need_load_balancer
  ((${#FOLLOW[@]})) || fail 'this load balancer does not follow: load_balancer.follow.enabled is false'
  command -v git >/dev/null || fail 'git is missing: run the step load-balancer, which installs it'
  columns "${FOLLOW[0]}" _ revision path url
  own=$path/haproxy/$(self name).cfg
  lock_repository
  fetch_revision "$url" "$revision"
  wanted=$(wanted_commit)
  [[ -n $wanted ]] || look_unreachable "$revision of $url is no commit"
  need_signature "$wanted"
  scratch_folder folder
  take_file "$wanted" "$own" "$folder/haproxy.cfg"
  take_file "$wanted" "$path/haproxy/99-dojot-haproxy.conf" "$folder/sysctl"
  take_file "$wanted" "$path/haproxy/haproxy.service.d-limits.conf" "$folder/limits"
  take_file "$wanted" "$path/bootstrap/bootstrap.sh" "$folder/script"
  [[ $(tail -n 1 -- "$folder/haproxy.cfg") == "$HAPROXY_CONFIG_END" ]] ||
    look_refused "$wanted" "$own is not whole: its last line is missing"
  try_lock || look_waits "$wanted" "$(who_is_at_work)" "$(last_look step_due)"
  due=$(due_on_this_host "$folder")
  installed=$(installed_commit)
  what=$(relation_of_commits "$installed" "$wanted")
  install_committed "$folder" "$wanted" "$due"
  note_installed "$wanted"
  note_look installed "$what${due:+. $(step_is_due "$due")}" "$wanted" "$wanted" "$(date +%s)" 0 "$due"
  report ok "$what${due:+. $(step_is_due "$due")}"
}

# due_on_this_host FOLDER: what else of the commit is not as this host has it.
due_on_this_host() {
  local found=''
  cmp --silent -- "$1/sysctl" "$HAPROXY_SYSCTL" || found+=', 99-dojot-haproxy.conf'
  cmp --silent -- "$1/limits" "$HAPROXY_UNIT_LIMITS" || found+=', haproxy.service.d-limits.conf'
  cmp --silent -- <(of_this_host "$1/script") <(of_this_host "$OWN_COPY") || found+=', bootstrap.sh'
  printf '%s' "${found#, }"
}

# of_this_host SCRIPT: its code, and those of its values that steps of this host read.
of_this_host() {
  awk '/^# ---- / { values = /values of the inventory/; kept = 1 }
    values && /^(readonly|IFS=) / {
      kept = /^readonly (CLUSTER_NAME|FOLLOW|HAPROXY_|KEEPALIVED_|LOAD_BALANCER|NEEDRESTART_|NODES|NODE_EXPORTER_|NODE_PORTS|OS_NAME|OS_VERSION|SESSION_LIFETIME|SHARED_ADDRESS|SIGNERS)/ }
    kept' "$1" 2>/dev/null || true
}

step_is_due() {
  printf '%s' "It changes more of this host ($1): run the step load-balancer of that commit here"
}

# install_committed FOLDER COMMIT DUE: in a shell of its own, so that what goes wrong there is told.
install_committed() {
  local said='' status
  scratch said "${TMPDIR:-/tmp}/dojot-follow.XXXXXX"
  set +e
  (
    set -e
    as_a_run_of_its_own
    take_configuration "$@"
  ) 2>"$said"
  status=$?
  set -e
  cat -- "$said" >&2
  said=$(sed -n 's/^failed: //p' -- "$said" | tail -n 1)
  case $status in
    0) ;;
    75) look_waits "$2" "$said" "$3" ;;
    *) look_refused "$2" "${said:-it broke off}" "$3" ;;
  esac
}

# take_configuration FOLDER COMMIT DUE
take_configuration() {
  want_haproxy "$1/haproxy.cfg"
  if ! is_active haproxy; then
    busy 'HAProxy does not run: see systemctl status haproxy'
  elif ! needs_a_reload; then
    return 0
  elif [[ $3 == *.conf* ]]; then
    busy "its haproxy.cfg may need limits that this host does not have yet. $(step_is_due "$3")"
  elif [[ -z $(option force) ]] && grep -qs -- " $2\$" "$HAPROXY_FAILED"; then
    fail 'HAProxy could not start with it; bootstrap.sh follow --force tries again'
  fi
  check_haproxy "$1/haproxy.cfg"
  if ! has_room_for_a_reload && [[ -z $(option force) ]]; then
    busy "$(old_processes). $(oldest_ends)"
  fi
  write_haproxy
  reload_haproxy "$2"
}

# ---- forget
# Kubernetes itself does none of it: pods of a silent node wait for its kubelet, and a claim stays with the volume that it
# was bound to. The volumes go last: by them a run that was cut off finds what is left to do.

# Seconds: how long claims may take to go that no pod has any more, and how often to look.
readonly CLAIMS_PATIENCE=120 CLAIMS_LOOK=2

step_forget() {
  local name row volume namespace claim volumes=() claims=() pods=()
  name=$(option gone)
  [[ -n $name ]] || usage_error 'which machine? --gone NAME (see --help)'
  need_cluster
  [[ -z $(rows "$name" "${NODES[@]}") ]] ||
    fail "the inventory of $CLUSTER_NAME has $name: take it out there, compile and merge, and run this step from the new compiled/$CLUSTER_NAME"
  if ! cluster_known; then
    report would "take $name out of the cluster"
    return 0
  fi
  need_silent "$name"
  mapfile -t volumes < <(volumes_of "$name")
  mapfile -t claims < <(claims_of "${volumes[@]}")
  mapfile -t pods < <(pods_on "$name")
  if ((${#volumes[@]} + ${#pods[@]} == 0)) && ! has_node "$name"; then
    report skipped "nothing in the cluster is of $name; its nodes are: $(kube get nodes --output=name | cut --delimiter=/ --fields=2 | paste -sd ' ')"
    return 0
  fi
  need_the_merge "$name"
  need_word "$(what_is_lost "$name" "${volumes[@]}")"
  # Before the pods: a pod that is made anew then brings a claim that is new as well.
  for claim in "${claims[@]}"; do
    change "give up the claim $claim" \
      kube --namespace="${claim%/*}" delete persistentvolumeclaim "${claim#*/}" --wait=false
  done
  if has_node "$name"; then
    change "delete the node $name" kube delete node "$name"
  fi
  if ((${#pods[@]})); then
    change "end its pods: ${pods[*]}" end_pods "${pods[@]}"
  fi
  if ((${#claims[@]})); then
    await 'no pod has the claims any more' wait_for_claims "${volumes[@]}"
  fi
  for row in "${volumes[@]}"; do
    columns "$row" volume _ _ namespace claim
    renew_pods "$namespace" "$claim"
    change "delete the PersistentVolume $volume" kube delete persistentvolume "$volume" --timeout=120s
  done
}

has_node() {
  [[ -n $(kube get node "$1" --ignore-not-found --output=name) ]]
}

# A node that answers has pods that write.
need_silent() {
  local ready
  ready=$(kube get node "$1" --ignore-not-found \
    --output=go-template='{{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}')
  [[ $ready != True ]] ||
    refuse "node $1 is Ready. If it is to go: kubectl drain $1 --ignore-daemonsets --delete-emptydir-data, switch it off, and run this step a minute later"
}

# What Argo CD has not brought yet no claim can get, and of what it has not let go it makes another.
need_the_merge() {
  local name found absent=''
  found=$(kube get persistentvolumes --output=name)
  for name in "${PERSISTENT_VOLUMES[@]}"; do
    grep -qxF -- "persistentvolume/$name" <<<"$found" || absent+="${absent:+, }$name"
  done
  [[ -z $absent ]] ||
    refuse "the cluster does not have these PersistentVolumes of the inventory yet: $absent. Merge the inventory without $1, and run this step when Argo CD has synced it"
}

# volume | its machine | its directory | namespace | its claim
readonly VOLUME_TABLE='
{{range .items}}
  {{.metadata.name}}|
  {{with .spec.nodeAffinity}}
    {{range .required.nodeSelectorTerms}}
      {{range .matchExpressions}}{{if eq .key "kubernetes.io/hostname"}}{{range .values}}{{.}}{{end}}{{end}}{{end}}
    {{end}}
  {{end}}|
  {{with .spec.local}}{{.path}}{{end}}|
  {{with .spec.claimRef}}{{.namespace}}|{{.name}}{{else}}|{{end}}
  {{println}}
{{end}}'

# volumes_of MACHINE: rows of those that an inventory has made there.
volumes_of() {
  kube get persistentvolumes --selector=app=dojot,type=local --output=go-template="$(template "$VOLUME_TABLE")" |
    awk -F '|' -v machine="$1" '$2 == machine'
}

# claims_of ROW...: NAMESPACE/NAME of those that are bound to these volumes, and not to another one since.
claims_of() {
  local row volume namespace claim bound
  for row in "$@"; do
    columns "$row" volume _ _ namespace claim
    [[ -n $claim ]] || continue
    bound=$(kube --namespace="$namespace" get persistentvolumeclaim "$claim" --ignore-not-found \
      --output=go-template='{{with .spec.volumeName}}{{.}}{{end}}')
    [[ $bound != "$volume" ]] || printf '%s\n' "$namespace/$claim"
  done
}

# what_is_lost MACHINE ROW...
what_is_lost() {
  local row directory namespace claim
  printf '%s goes out of the cluster %s for good' "$1" "$CLUSTER_NAME"
  if (($# == 1)); then
    printf '; no volume is on it.'
    return 0
  fi
  printf '. Its disks alone have what these claims hold, which begin empty elsewhere:'
  for row in "${@:2}"; do
    columns "$row" _ _ directory namespace claim
    printf '\n  %s (%s)' "$namespace/$claim" "$directory"
  done
}

# pods_on MACHINE: NAMESPACE/NAME each.
pods_on() {
  kube get pods --all-namespaces --field-selector="spec.nodeName=$1" \
    --output=go-template='{{range .items}}{{.metadata.namespace}}/{{.metadata.name}}{{println}}{{end}}'
}

# end_pods NAMESPACE/NAME...: by force, since the kubelet is gone that would say that they have ended.
end_pods() {
  local pod
  for pod in "$@"; do
    kube --namespace="${pod%/*}" delete pod "${pod#*/}" --grace-period=0 --force --ignore-not-found
  done
}

# wait_for_claims ROW...
wait_for_claims() {
  local began=$SECONDS left
  while left=$(claims_of "$@") && [[ -n $left ]]; do
    ((SECONDS - began < CLAIMS_PATIENCE)) ||
      fail "after $((SECONDS - began)) s these claims are still there: ${left//$'\n'/, }. kubectl describe pvc says who uses them; then run this step again"
    sleep "$CLAIMS_LOOK"
  done
}

# Pods without a node that ask for a claim.
IFS= read -r -d '' PODS_THAT_WAIT <<'END' || true
{{range .items}}
  {{$pod := .metadata.name}}
  {{with .spec.nodeName}}{{else}}
    {{range .spec.volumes}}{{with .persistentVolumeClaim}}{{if eq .claimName "@CLAIM@"}}@NAMESPACE@/{{$pod}}{{println}}{{end}}{{end}}{{end}}
  {{end}}
{{end}}
END
readonly PODS_THAT_WAIT

# renew_pods NAMESPACE CLAIM: a pod that was made while its claim was going has none. Before 1.23 a set makes the claim
# only together with the pod.
renew_pods() {
  local pods=()
  [[ -z $(kube --namespace="$1" get persistentvolumeclaim "$2" --ignore-not-found --output=name) ]] || return 0
  mapfile -t pods < <(kube --namespace="$1" get pods \
    --output=go-template="$(template "$PODS_THAT_WAIT" CLAIM "$2" NAMESPACE "$1")")
  if ((${#pods[@]})); then
    change "have made anew, with their claim: ${pods[*]}" end_pods "${pods[@]}"
  fi
}

# ---- join-control-plane
# What its API server needs beside kubeadm's certificates, the key of Secrets, comes by the file of join-key.

step_join_control_plane() {
  need_root
  need_running_system
  identify
  need_role control-plane
  if [[ -z $KUBEADM_JOIN_CONTROL_PLANE ]]; then
    refuse "$CLUSTER_NAME has one control plane, $(self name), which joins nobody: bootstrap.sh control-plane"
    return 0
  fi
  keep_api_server_files
  if [[ -e $ADMIN_CONF || -e $ETCD_DATA ]]; then
    need_finished_join || return 0
  else
    write_file "$AUDIT_POLICY_FILE" 0600 "$AUDIT_POLICY"
    change "join as a control plane of $CLUSTER_NAME, with etcd" join_control_plane
    note_kubeadm_config
    take_kubelet_config joined
  fi
  remove_join_file "$(option key-file)"
  write_hosts
  write_kubeconfig
  need_cluster
  renew_control_plane
  take_kubelet_config
  wait_for_control_plane
}

# What comes last is noted: a join that broke off leaves a member of etcd that never began.
need_finished_join() {
  if [[ -e $KUBEADM_CONFIG_APPLIED ]]; then
    report skipped "$(self name) is a control plane of $CLUSTER_NAME"
    return 0
  fi
  refuse "an earlier kubeadm join did not finish (journalctl -u kubelet says why). On this host: bootstrap.sh remove, then node; on another control plane: bootstrap.sh join-key --lost $(self name); then this step again"
  return 1
}

join_control_plane() {
  local -
  set +x
  read_join_file "$(option key-file)" join-key
  [[ ${JOIN[certificate-key]-} =~ ^[0-9a-f]{64}$ && -n ${JOIN[encryption]-} ]] ||
    fail "$(option key-file) is not what the step join-key writes: make a new one"
  take_encryption
  run_kubeadm_join "$KUBEADM_JOIN_CONTROL_PLANE" ||
    fail "kubeadm join did not finish, see above. On this host: bootstrap.sh remove, then node; on another control plane: bootstrap.sh join-key --lost $(self name); then this step again"
}

# All API servers read what any of them has written: the key is one and the same.
take_encryption() {
  local temporary=''
  mkdir -p -- "${ENCRYPTION_FILE%/*}"
  scratch temporary "${ENCRYPTION_FILE%/*}/.${ENCRYPTION_FILE##*/}.XXXXXX"
  base64 --decode <<<"${JOIN[encryption]}" >"$temporary"
  grep -q -- '^kind: EncryptionConfiguration$' "$temporary" ||
    fail "$(option key-file) holds no key of Secrets: make a new one with the step join-key"
  mv --force -- "$temporary" "$ENCRYPTION_FILE"
}

# ---- join-done
step_join_done() {
  need_root
  need_cluster
  local tokens='' name
  if cluster_known; then
    tokens=$(join_tokens)
  fi
  for name in $tokens; do
    change "delete the join token ${name#bootstrap-token-}" \
      kube --namespace=kube-system delete secret "$name"
  done
  [[ -n $tokens ]] || report skipped 'no join token is left'
  if cluster_known && [[ -n $(kube --namespace=kube-system get secret kubeadm-certs --ignore-not-found --output=name) ]]; then
    change 'delete the Secret kubeadm-certs' kube --namespace=kube-system delete secret kubeadm-certs
  fi
  remove_join_file "$(option join-file)"
  if ((${#OTHER_CONTROL_PLANES[@]})); then
    remove_join_file "$(option key-file)"
  fi
}

# ---- join-key
# A file of its own: whoever has it can read every certificate and Secret of the cluster, which is no worker's business.

step_join_key() {
  need_root
  need_running_system
  identify
  need_role control-plane
  need_cluster
  [[ -z $(option lost) ]] || forget_control_plane "$(option lost)"
  change "write $(option key-file) (0600): a join token that lives $JOIN_TOKEN_TTL, and the keys of the control plane" write_key_file
}

# forget_control_plane NAME: etcd lets nobody join while a member does not answer.
forget_control_plane() {
  local name=$1 address='' role='' id='' known=''
  columns "$(rows "$name" "${NODES[@]}")" _ address role _
  [[ $role == control-plane && $name != "$(self name)" ]] || fail "the inventory of $CLUSTER_NAME has no control plane $name beside $(self name), but: $(other_control_planes | paste -sd ' ')"
  if ! cluster_known; then
    report would "take the control plane $name out of the cluster"
    return 0
  fi
  if etcd_well "$(self name)" | grep -qxF -- "$address"; then
    refuse "the member of etcd on $name is well, so nothing is lost there. To take it out of the cluster: bootstrap.sh remove on $name"
    return 0
  fi
  id=$(etcd_members "$(self name)" | awk -v address="$address" '$2 == address { print $1 }')
  known=$(kube get node "$name" --ignore-not-found --output=name)
  if [[ -z $id$known ]]; then
    report skipped "nothing in the cluster is of $name"
    return 0
  fi
  need_word "The control plane $name is lost for $CLUSTER_NAME: its member of etcd and its node go, and it joins anew."
  [[ -z $id ]] || change "take $name out of etcd" etcdctl_on "$(self name)" member remove "$id"
  [[ -z $known ]] || change "delete the node $name" kube delete node "$name"
}

write_key_file() {
  local - token hash key path temporary='' config=''
  set +x
  path=$(option key-file)
  hash=$(ca_hash "$KUBERNETES_FOLDER/pki/ca.crt")
  kubeadm_config config
  # Into a Secret that lives two hours; kubeadm makes the key that it is encrypted with, and prints it.
  key=$(kubeadm init phase upload-certs --upload-certs --config="$config" | grep -xE '[0-9a-f]{64}' || true)
  [[ $key =~ ^[0-9a-f]{64}$ ]] || fail 'kubeadm init phase upload-certs did not say with which key it has encrypted them'
  token=$(create_join_token)
  scratch temporary "$path.XXXXXX"
  printf '%s\n' "token $token" "ca-hash $hash" "certificate-key $key" \
    "encryption $(base64 --wrap=0 -- "$ENCRYPTION_FILE")" >"$temporary"
  mv --force -- "$temporary" "$path"
}

# ---- join-token
step_join_token() {
  need_root
  need_running_system
  identify
  need_role control-plane
  need_cluster
  change "write $(option join-file) (0600): a join token that lives $JOIN_TOKEN_TTL" write_join_file
}

write_join_file() {
  local - token hash path temporary=''
  set +x
  path=$(option join-file)
  hash=$(ca_hash /etc/kubernetes/pki/ca.crt)
  token=$(create_join_token)
  scratch temporary "$path.XXXXXX"
  printf 'token %s\nca-hash %s\n' "$token" "$hash" >"$temporary"
  mv --force -- "$temporary" "$path"
}

# ---- labels
step_labels() {
  need_cluster
  local row name role label found
  for row in "${NODES[@]}"; do
    columns "$row" name _ role label
    [[ $role == worker ]] || continue
    found=''
    if cluster_known; then
      found=$(node_label "$name")
      [[ -n $found ]] || fail "node $name has not joined the cluster: run the step worker on it"
    fi
    if [[ $found == "=$label" ]]; then
      report skipped "node $name has label $GROUP_LABEL=$label"
    else
      change "label node $name with $GROUP_LABEL=$label" \
        kube label node "$name" "$GROUP_LABEL=$label" --overwrite
    fi
  done
}

# node_label NAME: `=VALUE` (`=` without a label), nothing when there is no such node.
node_label() {
  kube get node "$1" --ignore-not-found \
    --output=go-template="={{with .metadata.labels}}{{with index . \"$GROUP_LABEL\"}}{{.}}{{end}}{{end}}"
}

# ---- leave
# A pod that ends lets its broker leave (vmq-operator, preStop), but nobody sees what goes wrong there or is not done
# within the grace period: the others then wait for it, and its queues are lost. So it leaves before, and somebody looks.
# A broker that has left ends: its container would start again, and join again. So its node takes no new pods from then
# on, and the pod goes as well; the next one of its name waits until the merge takes it away.

# Seconds: how long a container may take to end that has nothing to lose; how long the others may go on naming its
# broker, and how often they are asked.
readonly LEFT_GRACE=30 LEAVE_PATIENCE=120 LEAVE_LOOK=5

step_leave() {
  local server namespace set row pod node ready last='' there='' asked='' member
  check_server_option
  need_cluster
  server=$(option server)
  ((${#BROKERS[@]})) || fail "$CLUSTER_NAME has no brokers"
  if ! cluster_known; then
    report would "let the broker of $server leave"
    return 0
  fi
  columns "${BROKERS[0]}" namespace set _
  read_broker_pods "$namespace" "$set"
  for row in "${BROKER_PODS[@]}"; do
    columns "$row" pod node ready
    # One that waits has left before.
    [[ -z $node ]] || last=$pod
    if [[ $node == "$server" ]]; then
      there=$pod
    elif [[ $ready == True ]]; then
      asked=${asked:-$pod}
    fi
  done
  [[ -n $asked ]] || fail "no broker but that of $server is Ready: devices and queues would have nowhere to go"
  read_members "$namespace" "$asked"
  if [[ -z $there ]]; then
    leave_afterwards "$namespace" "$asked" "$server"
    return 0
  fi
  [[ $there == "$last" ]] ||
    fail "on $server is $there, and a merge with fewer brokers ends $last first: kubectl -n $namespace get pod $last -o wide says on which node that is"
  columns "$(member_of "$there")" member _
  if [[ -n $member ]]; then
    need_all_there "$member"
    need_no_sessions "$namespace" "$there" "$server"
  fi
  close_node "$server"
  if [[ -n $member ]]; then
    change "let $member leave" let_leave "$namespace" "$asked" "$member"
  fi
  change "end the pod $namespace/$there, before it joins again" \
    kube --namespace="$namespace" delete pod "$there" --grace-period="$LEFT_GRACE"
  await "the others do not know $there any more" wait_for_the_others "$namespace" "$set" "$asked" "$there"
  dry_run || report ok "$there waits for the merge that takes it away; until then \"kubectl uncordon $server\" brings it back"
}

# Of each broker's pod: POD|its node|True where it is Ready
declare -a BROKER_PODS=()

readonly BROKER_TABLE='
{{range .items}}
  {{.metadata.name}}|
  {{with .spec.nodeName}}{{.}}{{end}}|
  {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}
  {{println}}
{{end}}'

# read_broker_pods NAMESPACE SET: BROKER_PODS, by their numbers.
read_broker_pods() {
  local table
  table=$(kube --namespace="$1" get pods --output=go-template="$(template "$BROKER_TABLE")")
  mapfile -t BROKER_PODS < <(grep -E -- "^$2-[0-9]+\|" <<<"$table" | sort --version-sort)
}

# need_all_there MEMBER: all but this one.
need_all_there() {
  local row name running gone=''
  for row in "${MEMBERS[@]}"; do
    columns "$row" name running
    [[ $name == "$1" || $running == true ]] || gone+="${gone:+, }$name"
  done
  [[ -z $gone ]] ||
    need_force "the others do not see $gone: with one more missing devices have no room, and VerneMQ moves no queues"
}

# need_no_sessions NAMESPACE POD SERVER
need_no_sessions() {
  count_sessions "$1" "$2"
  ((SESSIONS_LEFT == 0)) ||
    need_force "$2 has $SESSIONS_LEFT sessions, which would all come back at once: first, on each of ${LOAD_BALANCERS[*]%%|*}, bootstrap.sh drain --server $3 --wait"
}

close_node() {
  if [[ $(kube get node "$1" --output=go-template='{{with .spec.unschedulable}}{{.}}{{end}}') == true ]]; then
    report skipped "node $1 takes no new pods"
  else
    change "close node $1 to new pods" kube cordon "$1"
  fi
}

# wait_for_the_others NAMESPACE SET ASKED POD: no pod of it is on a node, and no member is called so.
wait_for_the_others() {
  local began=$SECONDS node name running
  while true; do
    read_broker_pods "$1" "$2"
    columns "$(rows "$4" "${BROKER_PODS[@]}")" _ node _
    read_members "$1" "$3"
    columns "$(member_of "$4")" name running
    [[ -n $node || -n $name ]] || return 0
    ((SECONDS - began < LEAVE_PATIENCE)) ||
      fail "after $((SECONDS - began)) s $4 is on ${node:-no node}, and the others know ${name:-none of its name}: a node on which it has come back has to be closed too (kubectl cordon); then run this step again, with that one"
    if [[ -z $node && $running == false ]]; then
      # It has started and joined once more before its pod ended, with nothing in it.
      let_leave "$1" "$3" "$name"
    fi
    sleep "$LEAVE_LOOK"
  done
}

# leave_afterwards NAMESPACE ASKED SERVER: no broker is there. Do the others wait for one that ended without leaving?
leave_afterwards() {
  local row name running pod node lost=''
  for row in "${MEMBERS[@]}"; do
    columns "$row" name running
    pod=${name#*@}
    columns "$(rows "${pod%%.*}" "${BROKER_PODS[@]}")" _ node _
    [[ $running == true || -n $node ]] || lost+=" $name"
  done
  if [[ -n $lost ]]; then
    need_force "the others wait for$lost, which ended without leaving. Where its pod waits for a closed node, \"kubectl uncordon\" brings it back with its queues; without it their messages are lost"
    for name in $lost; do
      change "let the others forget $name, and its queues" let_leave "$1" "$2" "$name"
    done
  elif [[ -n $(kube get node "$3" --ignore-not-found --output=name) ]]; then
    report skipped "$3 has no broker, and the others wait for none"
  else
    fail "the cluster has no node $3; brokers are on: $(printf '%s\n' "${BROKER_PODS[@]}" | cut --delimiter='|' --fields=2 | paste -sd ' ')"
  fi
}

# ---- load-balancer
# Sessions of devices outlive a reload and none outlives a restart: this never restarts a HAProxy that carries sessions.
# Servers that are drained stay so.

step_load_balancer() {
  need_root
  need_load_balancer "$(option node)"
  need_system
  need_source_addresses
  need_compiled haproxy "$(self name).cfg" 99-dojot-haproxy.conf haproxy.service.d-limits.conf
  local folder
  folder=$(compiled)/haproxy
  set_hostname "$(self name)"
  write_hosts
  # The kernel's limits and the unit's come first: the package starts HAProxy as it installs.
  write_sysctl "$HAPROXY_SYSCTL" "$(<"$folder/99-dojot-haproxy.conf")"$'\n'
  write_file "$HAPROXY_UNIT_LIMITS" 0644 "$(<"$folder/haproxy.service.d-limits.conf")"$'\n'
  read_unit haproxy
  leave_running haproxy
  watch_host
  add_repository haproxy "$HAPROXY_REPOSITORY"
  install_pinned "${HAPROXY_PACKAGES[@]}"
  # By which drain and undrain speak to it, and by which sessions are counted.
  install_packages socat iproute2 openssl
  keep_certificate
  configure_haproxy "$folder/$(self name).cfg"
  keep_address "$folder"
  follow_by_timer
  raise_haproxy_limits
}

# Prometheus reads what node-exporter says through HAProxy, which asks who it is.
watch_host() {
  [[ -n $NODE_EXPORTER_PACKAGE ]] || return 0
  local more=''
  if ((${#FOLLOW[@]})); then
    more=" --collector.textfile.directory=${FOLLOW_METRICS%/*}"
  fi
  # Before the package: it starts the service as it installs.
  owing "$NODE_EXPORTER_PACKAGE" write_file "/etc/default/$NODE_EXPORTER_PACKAGE" 0644 \
    "ARGS='--web.listen-address=127.0.0.1:$NODE_EXPORTER_PORT --no-collector.wifi --no-collector.hwmon$more'"$'\n'
  install_packages "$NODE_EXPORTER_PACKAGE"
  run_service "$NODE_EXPORTER_PACKAGE"
}

# HAProxy raises its own limit as it is reloaded, but for one whose unit takes CAP_SYS_RESOURCE from it: that one goes on
# as it was. The newest worker has the listeners; what the master may open is another thing.
raise_haproxy_limits() {
  local pid limit sessions
  is_active haproxy || return 0
  read_workers
  ((${#HAPROXY_WORKERS[@]})) || return 0
  read -r pid _ <<<"${HAPROXY_WORKERS[-1]}"
  limit=$(awk '/^Max open files/ { print $4 }' "/proc/$pid/limits" 2>/dev/null || true)
  if [[ ! $limit =~ ^[0-9]+$ ]] || ((limit >= LOAD_BALANCER_OPEN_FILES)); then
    report skipped 'haproxy may open enough files'
    return 0
  fi
  sessions=$(device_sessions)
  if ((sessions == 0)); then
    live 'restart haproxy with its new limit of open files' systemctl restart haproxy
  else
    fail "haproxy runs with a limit of $limit open files, not $LOAD_BALANCER_OPEN_FILES; a restart would drop $sessions sessions: run this step again when none is open"
  fi
}

# ---- node-ports
step_node_ports() {
  need_root
  if ((${#NODE_PORTS[@]} == 0)); then
    report skipped 'the inventory states every NodePort'
    return 0
  fi
  need_cluster
  local row variable service port number='' text=''
  for row in "${NODE_PORTS[@]}"; do
    columns "$row" variable service port
    if cluster_known; then
      number=$(chosen_node_port "$service" "$port")
    fi
    if [[ -z $number ]] && dry_run; then
      report would "write $(option node-ports), once Service ${service#*/} has a NodePort for $port"
      return 0
    elif [[ -z $number ]]; then
      fail "Service ${service#*/} has no NodePort for $port yet: Argo CD makes it, run this step again once the application is synced"
    fi
    text+="$variable $number"$'\n'
  done
  write_file "$(option node-ports)" 0644 "$text"
}

# ---- node
step_node() {
  need_root
  identify
  need_system
  check_kubelet_version
  set_hostname "$(self name)"
  write_hosts
  switch_swap_off
  load_modules
  write_sysctl "$NODE_SYSCTL" "$SYSCTL_CONF"
  leave_running "$RUNTIME_SERVICE" containerd kubelet
  install_packages "${OS_PACKAGES[@]}"
  configure_firewall
  "runtime_$RUNTIME_NAME"
  "install_kubernetes_$KUBERNETES_FROM"
  enable_kubelet
  start_kubelet
  take_kubelet_config
}

# ---- plan
step_plan() {
  local row step machine occasion table when next before='' number=0
  printf 'Cluster %s, Kubernetes %s. On every machine: this repository'\''s compiled/%s, as root.\n\n' \
    "$CLUSTER_NAME" "$KUBERNETES_VERSION" "$CLUSTER_NAME"
  for row in "${STEPS[@]}"; do
    columns "$row" step _ _ machine _ occasion table when next
    if [[ $machine == anywhere || -n $occasion ]] || ! has_rows "$table"; then
      continue
    fi
    if [[ $machine != "$before" ]]; then
      number=$((number + 1))
      printf '%2d. %s: %s\n' "$number" "$machine" "$(machines "$machine" | wrapped 16)"
      before=$machine
    fi
    printf '      bootstrap.sh %s%s\n' "$step" "${when:+, $when}"
    [[ -z $next ]] || printf '        then %s\n' "$next"
  done
}

# has_rows TABLE: also where none is asked for.
has_rows() {
  [[ -n $1 ]] || return 0
  local -n table_of_step=$1
  ((${#table_of_step[@]}))
}

# machines PLACE, as the heads of steps call it: `NAME (ADDRESS)` of each, a line each.
machines() {
  local row name address role places found=''
  for row in "${NODES[@]}" "${LOAD_BALANCERS[@]}"; do
    columns "$row" name address role _
    places='load balancer'
    case $role in
      worker) places='every node,every worker' ;;
      control-plane)
        places='every node,every control plane,control plane'
        if [[ " ${OTHER_CONTROL_PLANES[*]} " == *" $name "* ]]; then
          places='every node,every control plane,every other control plane'
        fi
        ;;
    esac
    if [[ ,$places, == *",$1,"* ]]; then
      found+="${found:+,$'\n'}$name ($address)"
    fi
  done
  printf '%s\n' "$found"
}

# ---- remove
# Nodes leave by `kubeadm reset`; what that leaves, and all other files of this script, go here. Whatever hinders another
# `node` and `worker` on the same host is a defect.

step_remove() {
  need_root
  need_running_system
  if [[ -z $(option node) ]] && identify_balancer; then
    remove_load_balancer
  else
    identify
    remove_node
  fi
}

whole() {
  [[ -n $(option whole) ]]
}

remove_load_balancer() {
  whole || need_no_devices
  need_word "$(self name) is a load balancer of $CLUSTER_NAME no longer: HAProxy ends."
  remove_follow_timer
  # First, so that devices find another one.
  end_keepalived
  end_service haproxy
  remove_paths 'HAProxy: its configuration and limits' "$HAPROXY_CONFIG"{,.previous} "$HAPROXY_SYSCTL" "$HAPROXY_UNIT_LIMITS"
  # One that was brought here is somebody's own.
  if is_own_certificate "$HAPROXY_CERTIFICATE"; then
    remove_paths "this host's own certificate" "$HAPROXY_CERTIFICATE"
  fi
  read_unit haproxy
  if [[ -n $NODE_EXPORTER_PACKAGE ]]; then
    end_service "$NODE_EXPORTER_PACKAGE"
    remove_paths "arguments of $NODE_EXPORTER_PACKAGE" "/etc/default/$NODE_EXPORTER_PACKAGE"
  fi
  leave_host haproxy "${HAPROXY_PACKAGES[@]}" "${KEEPALIVED_PACKAGES[@]}"
  dry_run || report ok "$(self name) is no part of $CLUSTER_NAME any more. Its packages stay (apt-get purge)"
}

need_no_devices() {
  local sessions
  is_active haproxy || return 0
  if ! command -v ss >/dev/null; then
    need_force 'nobody knows how many sessions are open, because ss is not here (apt-get install iproute2)'
    return 0
  fi
  sessions=$(device_sessions)
  ((sessions == 0)) || need_force "$sessions sessions are open, and end with HAProxy"
}

remove_node() {
  local name what next="What is installed stays, images too; kernel settings last until the next boot"
  name=$(self name)
  if [[ $(self role) == control-plane ]] && ! whole && ((${#OTHER_CONTROL_PLANES[@]})); then
    need_other_members "$name"
    what="$name leaves the control planes of $CLUSTER_NAME, and its member leaves etcd"
    next="On another control plane: kubectl delete node $name. To join anew after that: node and volumes, join-key there, join-control-plane. $next"
  elif [[ $(self role) == control-plane ]]; then
    need_no_other_nodes "$name"
    what="$name is the control plane of $CLUSTER_NAME: the whole cluster with all its Secrets ends here, but for a backup of it"
  else
    whole || need_no_movable_pods "$name"
    what="$name leaves $CLUSTER_NAME, and every pod on it ends"
    whole || next="On the control plane: kubectl delete node $name. To join anew after that: node and volumes, join-token, worker. $next"
  fi
  need_word "$what$([[ -z $(option data) ]] || printf '; what is in the directories of its volumes is deleted')."
  if [[ $(self role) == control-plane ]]; then
    remove_kubeconfig
    remove_backup_timer
  fi
  reset_kubernetes
  end_service kubelet
  remove_pod_network
  if [[ $(self role) == control-plane ]]; then
    remove_paths "etcd's data, files of the API server, and of backups" "$ETCD_FOLDER" "${AUDIT_POLICY_FILE%/*}" "${BACKUP_METRICS%/*}"
    tell_upgrade_backups
  fi
  remove_data
  remove_paths 'limits and proxy of the container runtime' "$RUNTIME_LIMITS" "$RUNTIME_PROXY"
  remove_mirror
  read_unit "$RUNTIME_SERVICE"
  give_swap_back
  leave_host "kubernetes $RUNTIME_NAME" "${KUBERNETES_PACKAGES[@]}" "${RUNTIME_PACKAGES[@]}"
  # The last: it has guarded the ports until here.
  remove_firewall
  dry_run || report ok "$name is no part of $CLUSTER_NAME any more. $next"
}

# Pods of a node that a drain would have moved: neither a DaemonSet's nor the kubelet's own, and not at their end.
IFS= read -r -d '' MOVABLE_PODS <<'END' || true
{{range .items}}
  {{$stays := or (eq .status.phase "Succeeded") (eq .status.phase "Failed")}}
  {{range .metadata.ownerReferences}}{{if or (eq .kind "DaemonSet") (eq .kind "Node")}}{{$stays = true}}{{end}}{{end}}
  {{if not $stays}}{{println .metadata.name}}{{end}}
{{end}}
END
readonly MOVABLE_PODS

# A kubelet may ask for the pods of its own node. One that has begun to leave says nothing any more.
need_no_movable_pods() {
  local found
  [[ -e $KUBELET_CONF ]] && ! is_owed kubeadm-reset || return 0
  if ! found=$(kubectl --kubeconfig="$KUBELET_CONF" --request-timeout=10s get pods --all-namespaces \
    --field-selector="spec.nodeName=$1" --output=go-template="$(template "$MOVABLE_PODS")"); then
    need_force "the cluster does not say which pods run on $1 (see above)"
  elif [[ -n $found ]]; then
    need_force "on $1 run ${found//$'\n'/, }. First, on the control plane: kubectl drain $1 --ignore-daemonsets --delete-emptydir-data"
  fi
}

# leaving NAME: that node, and with --whole those of the inventory; a line each.
leaving() {
  if whole; then
    cut --delimiter='|' --fields=1 < <(printf '%s\n' "${NODES[@]}")
  else
    printf '%s' "$1"
  fi
}

# need_other_members NAME: those that stay are more than half of all; kubeadm reset takes NAME out of etcd.
need_other_members() {
  local name members='' well=()
  [[ -e $ADMIN_CONF ]] && ! is_owed kubeadm-reset || return 0
  # Its own does not say where it never began.
  for name in "$1" $(other_control_planes | cut --delimiter='|' --fields=1); do
    members=$(etcd_members "$name") || continue
    [[ -z $members ]] || break
  done
  if [[ -z $members ]]; then
    need_force "etcd does not say which members it has (see above): with less than half of them well, the cluster stands still. Where another control plane goes on, bootstrap.sh join-key --lost $1 there"
    return 0
  fi
  cut --delimiter=' ' --fields=2 <<<"$members" | grep -qxF -- "$(self address)" || return 0
  mapfile -t well < <(etcd_well "$name" | grep -vxF -- "$(self address)")
  if ((2 * ${#well[@]} <= $(grep -c . <<<"$members") - 1)); then
    need_force "of etcd's other members ${#well[@]} are well (${well[*]:-none}), and without $1 that is not more than half of them: all objects would be lost, or stand still. First bring those back that are away"
  fi
}

need_no_other_nodes() {
  local found
  [[ -e $ADMIN_CONF ]] && ! is_owed kubeadm-reset || return 0
  if ! found=$(admin_kube get nodes --output=go-template='{{range .items}}{{println .metadata.name}}{{end}}'); then
    need_force "the API server does not say which nodes the cluster has (see above)"
  elif found=$(grep -vxF -- "$(leaving "$1")" <<<"$found"); then
    need_force "the cluster has other nodes: ${found//$'\n'/, }. First run this step on each of them, and kubectl delete node"
  fi
}

# The copy that control-plane has made: while there is something to compare it with.
remove_kubeconfig() {
  local path
  path=$(own_kubeconfig)
  if [[ -e $ADMIN_CONF ]] && cmp --silent -- "$path" "$ADMIN_CONF"; then
    change "remove $path" rm -f -- "$path"
  else
    report skipped "$path is no copy of $ADMIN_CONF"
  fi
}

reset_kubernetes() {
  local path socket found=''
  for path in "$KUBELET_CONF" "$ADMIN_CONF" "$KUBELET_CONFIG_FILE" "$ETCD_DATA"; do
    [[ ! -e $path ]] || found=yes
  done
  if [[ -z $found ]] && ! is_owed kubeadm-reset; then
    report skipped 'kubeadm has made nothing here'
    return 0
  fi
  socket=$(sed -n 's/^ *criSocket: //p' <<<"$KUBEADM_JOIN")
  owe kubeadm-reset
  change 'kubeadm reset' kubeadm reset --force --cri-socket="$socket"
  settle kubeadm-reset
}

# Their list stays with them: by it the step volumes knows a disk that is missing.
remove_data() {
  local path found=()
  for path in $({ recorded_volumes && rows "$(self name)" "${DISKS[@]}" | cut --delimiter='|' --fields=3; } | sort --unique); do
    [[ ! -d $path ]] || found+=("$path")
  done
  if ((${#found[@]} == 0)); then
    report skipped 'no directory of a volume is here'
  elif [[ -z $(option data) ]]; then
    report skipped "directories of volumes stay, with all that is in them (--data removes them): ${found[*]}"
    return 0
  else
    for path in "${found[@]}"; do
      change "remove $path, with all that is in it" remove_directory "$path"
    done
  fi
  remove_paths 'the list of volumes' "$VOLUMES_RECORD"
}

# What is mounted there stays mounted.
remove_directory() {
  find "$1" -mindepth 1 -delete
  rmdir -- "$1" 2>/dev/null || true
}

# leave_host REPOSITORIES PACKAGE...: what nodes and load balancer have alike; a package as `NAME|VERSION`.
leave_host() {
  local name sources=()
  for name in $1; do
    sources+=("/etc/apt/sources.list.d/$name.list" "/etc/apt/keyrings/$name-"*.asc)
  done
  release_packages "${@:2}"
  remove_paths 'package sources and their keys' "${sources[@]}"
  remove_kernel_files
  [[ -z $NEEDRESTART_FOLDER ]] || remove_paths 'services that updates leave running' "$NEEDRESTART_FOLDER/dojot.conf"
  remove_hosts
  remove_paths 'downloads and join file' /var/cache/dojot "$(option join-file)" "$(option key-file)"
  remove_own_folder
}

# /etc/dojot, but for the list of volumes that stay.
remove_own_folder() {
  local folder=${VOLUMES_RECORD%/*} path found=()
  for path in "$folder"/*; do
    [[ $path == "$VOLUMES_RECORD" ]] || found+=("$path")
  done
  [[ -e $VOLUMES_RECORD ]] || found=("$folder")
  remove_paths 'what steps have noted' "${found[@]}"
}

# ---- restore
# Whose backup is being put back, from the first file on until the control plane runs: a run that was cut off goes on by it.
readonly RESTORING=/etc/dojot/restoring

step_restore() {
  need_root
  need_running_system
  identify
  need_role control-plane
  local from database
  from=$(option from) database=$(option database)
  [[ -n $from ]] || usage_error 'restore needs --from DIR: which backup?'
  from=${from%/}
  need_whole_backup "$from"
  if [[ -n $database ]]; then
    restore_database "$from" "$database"
  else
    restore_control_plane "$from"
  fi
}

restore_database() {
  [[ -n $(maker_of "$2") ]] || fail "the inventory of $CLUSTER_NAME has no database $2, but: $(database_names | paste -sd ' ')"
  [[ -d $1/$2 ]] || fail "$1 holds no database $2: take another backup"
  need_cluster
  need_word "In $CLUSTER_NAME, all that the database $2 holds now is replaced by what it held at $(manifest_says "$1" time)."
  change "fill the database $2 from $1" fill_database "$2" "$1"
}

restore_control_plane() {
  local begun='' config=''
  need_same_control_plane "$1"
  if [[ -e $RESTORING ]]; then
    begun=$(<"$RESTORING")
    [[ $begun == "${1##*/}" ]] || fail "the backup $begun is being put back here: finish that first (--from), or make this host anew"
  elif [[ -e $ADMIN_CONF || -e $ETCD_DATA ]]; then
    refuse "this host has a control plane ($ADMIN_CONF, $ETCD_DATA): a restore is for a host that has none. Of one that cannot be saved, keep $ETCD_FOLDER and $KUBERNETES_FOLDER elsewhere, run \"kubeadm reset\" yourself, and then this step again"
    return 0
  fi
  need_no_other_api_server || return 0
  need_word "This host becomes the control plane of $CLUSTER_NAME as it was at $(manifest_says "$1" time)."
  write_file "$RESTORING" 0644 "${1##*/}"$'\n'
  change "put back certificates and keys of $KUBERNETES_FOLDER" restore_kubernetes "$1/kubernetes.tar"
  write_api_server_files
  if [[ -e $ETCD_DATA ]]; then
    report skipped "etcd has data ($ETCD_DATA)"
  else
    if ! dry_run; then
      kubeadm_config config
    fi
    change 'fetch the images of the control plane' kubeadm config images pull --config="$config"
    change 'put back what etcd held' restore_etcd "$1/etcd.db" "$config"
  fi
  if [[ -e $ADMIN_CONF && -e $KUBEADM_CONFIG_APPLIED ]]; then
    report skipped 'kubeadm init has finished'
  elif [[ -e $ADMIN_CONF ]]; then
    refuse "kubeadm init broke off (journalctl -u kubelet says why). All that is here comes from $1: run \"kubeadm reset\" yourself, and then this step again"
    return 0
  else
    # Before the API server answers: kubelets of the workers end every pod that it does not know.
    make_control_plane --ignore-preflight-errors=DirAvailable--var-lib-etcd
  fi
  await 'the API server answers' api_server_answers
  change "forget that $1 was being put back" forget_restore
  tell_other_control_planes
}

# They were members of an etcd that is no more.
tell_other_control_planes() {
  local row name
  for row in $(other_control_planes); do
    name=${row%|*}
    report skipped "the control plane $name is of the former etcd. On it: bootstrap.sh remove, then node; here: bootstrap.sh join-key --lost $name; on it: join-control-plane"
  done
}

# What a run that was killed has left of it, too.
forget_restore() {
  rm -rf -- "$ETCD_FOLDER/restored" "$ETCD_FOLDER/restored.db"
  rm -f -- "$RESTORING"
}

# The kubelets and pods of a cluster know its control plane by name, address and release.
need_same_control_plane() {
  local version name address
  version=$(manifest_says "$1" kubernetes)
  [[ $version == "$KUBERNETES_VERSION" ]] ||
    fail "$1 is of Kubernetes ${version:-unknown}, the inventory has $KUBERNETES_VERSION: use the script of that time (Git has its compiled folder), and upgrade afterwards. Nothing was changed"
  columns "$(manifest_says "$1" control-plane)" name address
  [[ $name == "$(self name)" && $address == "$(self address)" ]] ||
    fail "$1 is of the control plane $name ($address), and this is $(self name) ($(self address)): workers and certificates know only the former. Nothing was changed"
}

restore_kubernetes() {
  mkdir -p -- "$KUBERNETES_FOLDER"
  tar --extract --file="$1" --directory="$KUBERNETES_FOLDER" --same-permissions --no-same-owner
}

# ---- rotate
# The Secret gets its new values first, and keeps the former ones beside them until the end: wherever a run ends, the next
# one knows both, and goes on. Pods that have started with the former ones have a label until they are gone.

# Seconds. A rollout that does not get on says so by itself before.
readonly ROLLOUT_TIMEOUT=1800

# The Secret, as in the first column of SECRETS; its keys that get a new value, and their rows of ROTATIONS.
SECRET=''
declare -a NEW_KEYS=() NEW_ROWS=()

step_rotate() {
  find_secret
  need_cluster
  if [[ -n $(option restart) ]]; then
    need_word "In $CLUSTER_NAME, $(what_starts_anew)."
    change "label the pods that have read Secret ${SECRET#*/}" label_readers
    restart_readers
  else
    choose_keys
    ((${#NEW_KEYS[@]})) || return 0
    renew_values
    restart_readers
    change "take the former values out of Secret ${SECRET#*/}" drop_former "$SECRET"
  fi
  dry_run || report ok "all pods that read Secret ${SECRET#*/} run with its values"
}

find_secret() {
  local given secret known=''
  given=$(option secret)
  [[ -n $given ]] || usage_error 'which Secret? --secret NAME (see --help)'
  for secret in $(secret_names made) $(secret_names provided); do
    known+="${known:+, }${secret#*/}"
    [[ $secret != "$given" && ${secret#*/} != "$given" ]] || SECRET=$secret
  done
  [[ -n $SECRET ]] || fail "the inventory of $CLUSTER_NAME has no Secret $given, but: $known"
}

choose_keys() {
  local row key how why found=()
  if secret_names provided | grep -qxF -- "$SECRET"; then
    refuse "you provide Secret ${SECRET#*/}: replace it by $(how_to_replace "$SECRET"), then run this step with --restart. Nothing was changed"
    return 0
  fi
  mapfile -t found < <(rows "$SECRET" "${ROTATIONS[@]}")
  for row in "${found[@]}"; do
    columns "$row" _ key how _ _ why
    if [[ $how == never ]]; then
      report skipped "$key of Secret ${SECRET#*/} stays: $why"
    else
      NEW_KEYS+=("$key") NEW_ROWS+=("$row")
    fi
  done
  ((${#NEW_KEYS[@]})) || refuse "Secret ${SECRET#*/} has no value that this step makes anew. Nothing was changed"
}

renew_values() {
  local row key how workload present='' kept=() missing=()
  for row in "${NEW_ROWS[@]}"; do
    columns "$row" _ key how _
    [[ $how == start ]] || kept+=("$row")
  done
  if cluster_known; then
    present=$(secret_keys "$SECRET")
    mapfile -t missing < <(missing_keys "$SECRET" "$present")
    ((${#missing[@]} == 0)) || fail "Secret ${SECRET#*/} lacks ${missing[*]}: run the step secrets first"
  fi
  need_word "In $CLUSTER_NAME, these get new values: ${NEW_KEYS[*]} of Secret ${SECRET#*/}; $(what_starts_anew)."
  if former_keys "$present" | grep -q .; then
    report skipped "Secret ${SECRET#*/} has new values already: an earlier run has not come to its end"
  else
    for row in "${kept[@]}"; do
      columns "$row" _ key _ _ workload _
      await "$workload takes $key of Secret ${SECRET#*/} as it is" ask_keeper check "$row"
    done
    change "label the pods that have read Secret ${SECRET#*/}" label_readers
    change "give Secret ${SECRET#*/} new values: ${NEW_KEYS[*]}" renew_secret "$SECRET" "${NEW_KEYS[@]}"
  fi
  for row in "${kept[@]}"; do
    columns "$row" _ key _ _ workload _
    change "give $workload the new $key of Secret ${SECRET#*/}" ask_keeper set "$row"
  done
}

# In the words of the question.
what_starts_anew() {
  local row workload how rolling='' together=''
  for row in $(rows "$SECRET" "${READERS[@]}"); do
    columns "$row" _ workload _ how
    if [[ $how == together ]]; then
      together+="all pods of $workload end at once, and each session of a device with them"
    else
      rolling+="${rolling:+, }$workload"
    fi
  done
  printf '%s' "${rolling:+one after the other start anew: $rolling}${rolling:+${together:+; }}$together"
  [[ -n $rolling$together ]] || printf 'no pod starts anew'
  [[ -n $together ]] || printf '. No session of a device ends'
}

# The label of a pod that has started before the values were new.
former_label() {
  printf '%s' "former.dojot.components/${SECRET#*/}"
}

label_readers() {
  local row labels
  for row in $(rows "$SECRET" "${READERS[@]}"); do
    columns "$row" _ _ labels _
    kube --namespace="${SECRET%%/*}" label pods --selector="$labels" --overwrite "$(former_label)=yes"
  done
}

# In the order of the waves: who answers others comes before them.
restart_readers() {
  local row workload labels how place
  place=--namespace=${SECRET%%/*}
  for row in $(rows "$SECRET" "${READERS[@]}"); do
    columns "$row" _ workload labels how
    labels+=,$(former_label)
    if ! dry_run && [[ -z $(kube "$place" get pods --selector="$labels" --output=name) ]]; then
      report skipped "no pod of $workload has started before"
    elif [[ $how == together ]]; then
      # As a failing power does, from which they come back with what is in their volumes: given time, each would leave the
      # others for good, and wait for somebody to take its queues, when nobody stays.
      change "end all pods of $workload at once" kube "$place" delete pods --selector="$labels" --grace-period=1
    else
      change "start $workload anew" kube "$place" rollout restart "$workload"
    fi
    await "$workload runs" wait_for_rollout "$place" "$workload"
  done
}

# wait_for_rollout --namespace=NAMESPACE WORKLOAD
wait_for_rollout() {
  kube "$1" rollout status "$2" --timeout="${ROLLOUT_TIMEOUT}s" ||
    fail "$2 does not run yet (see above): look at its pods (kubectl $1 describe $2, kubectl $1 logs $2), then run this step again. Until it is done, former values are in Secret ${SECRET#*/} too, under their keys with $FORMER_SUFFIX"
}

# ---- secrets
# A value is never printed, never an argument of a command, and never made twice. Secrets that
# people bring (certificates, passwords of other machines) are asked for, last of all.

step_secrets() {
  need_cluster
  local namespace secret lacking=0
  for namespace in "${NAMESPACES[@]}"; do
    create_namespace "$namespace"
  done
  for secret in $(secret_names made); do
    ensure_secret "$secret"
  done
  for secret in $(secret_names provided); do
    if is_provided "$secret"; then
      report skipped "Secret ${secret#*/} has all its keys"
    elif dry_run; then
      report would "ask for Secret ${secret#*/}, which you provide: $(how_to_provide "$secret")"
    else
      report failed "Secret ${secret#*/} is missing or lacks a key, and you provide it: $(how_to_provide "$secret")" >&2
      lacking=$((lacking + 1))
    fi
  done
  if ((lacking)); then
    fail "Secrets that you provide: $lacking to go (see above), then run this step again"
  fi
}

# is_provided SECRET: does it have every key?
is_provided() {
  local present=''
  if cluster_known; then
    present=$(secret_keys "$1") || return 1
  fi
  [[ -z $(missing_keys "$1" "$present") ]]
}

# ensure_secret SECRET
ensure_secret() {
  local secret=$1 present='' missing
  if cluster_known; then
    present=$(secret_keys "$secret")
  fi
  mapfile -t missing < <(missing_keys "$secret" "$present")
  if ((${#missing[@]} == 0)); then
    report skipped "Secret ${secret#*/} has all its keys"
  elif [[ -z $present ]]; then
    change "create Secret ${secret#*/} with ${missing[*]}" create_secret "$secret" "${missing[@]}"
  else
    change "add to Secret ${secret#*/}: ${missing[*]}" extend_secret "$secret" "${missing[@]}"
  fi
}

# create, not apply: apply would keep a copy of the values in an annotation.
create_secret() {
  local - secret=$1
  set +x
  shift
  {
    printf 'apiVersion: v1\nkind: Secret\ntype: Opaque\nmetadata:\n  name: %s\n  namespace: %s\n' \
      "${secret#*/}" "${secret%%/*}"
    secret_values "$secret" "$@"
  } | kube create --filename=-
}

# The object as it is, with the new keys after it; its resourceVersion makes the
# server refuse when somebody else was faster.
extend_secret() {
  local - secret=$1
  set +x
  shift
  {
    kube --namespace="${secret%%/*}" get secret "${secret#*/}" --output=yaml
    secret_values "$secret" "$@"
  } | kube replace --filename=-
}

# ---- synced
step_synced() {
  need_cluster
  local patience before='' now place=(--namespace="$ARGOCD_NAMESPACE")
  patience=$(option patience)
  [[ $patience =~ ^[1-9][0-9]{0,3}$ ]] || usage_error "--patience $patience is no number of minutes"
  while true; do
    now=$(kube "${place[@]}" get applications.argoproj.io "$CLUSTER_NAME" --ignore-not-found --output=go-template="$(template "$APPLICATION_STATE")")
    if [[ $now == 'Synced Healthy' ]]; then
      report ok 'the application is Synced and Healthy'
      return 0
    fi
    if ((SECONDS >= patience * 60)); then
      fail "after $patience minutes the application is: ${now:-not there: run the step argocd}. kubectl ${place[*]} describe application $CLUSTER_NAME says more; the step can be run again"
    elif [[ $now != "$before" ]]; then
      printf '%s\n' "bootstrap.sh: the application is: ${now:-not there yet}" >&2
      before=$now
    fi
    sleep 3
  done
}

# Sync and health; then what the operation says, and who is not healthy (services by their kinds and names).
IFS= read -r -d '' APPLICATION_STATE <<'END' || true
{{with .status}}
  {{with .sync}}{{.status}}{{end}}{{" "}}
  {{with .health}}{{.status}}{{end}}
  {{with .operationState}}{{if ne .phase "Succeeded"}}{{" "}}({{.phase}}{{with .message}}: {{.}}{{end}}){{end}}{{end}}
  {{range .resources}}
    {{$kind := .kind}}{{$name := .name}}
    {{with .health}}{{if ne .status "Healthy"}}{{", "}}{{$kind}} {{$name}} {{.status}}{{end}}{{end}}
  {{end}}
{{end}}
END
readonly APPLICATION_STATE

# ---- undrain
step_undrain() {
  local server
  check_server_option
  need_root
  need_running_system
  need_load_balancer
  need_haproxy
  need_server
  server=$(option server)
  weigh "$server" 1
  if ! haproxy_known || dry_run; then
    return 0
  fi
  read_servers
  if of_server "$server" | grep -q '|down|'; then
    report ok "$server gets new sessions once its health check passes: it is down now"
  else
    report ok "$server gets new sessions"
  fi
}

# ---- upgrade
# kubeadm's own order: one minor release at a time, the API server before any kubelet, no kubelet under running pods.
# A run that was killed goes on where it was: what is done is seen, and what is not to be seen is owed (lib/owed.sh).

# So many of the backups are kept that are made before an upgrade.
readonly UPGRADE_BACKUPS_KEPT=2

step_upgrade() {
  local server kubelet
  need_root
  need_running_system
  identify
  need_system
  server=$(member_server)
  kubelet=$(own_kubelet)
  if [[ -z $server || -z $kubelet ]]; then
    refuse "$(self name) is no node of a cluster that answers (asked with $KUBELET_CONF, see above): run this step again when the API server answers; a host that has not joined yet gets its Kubernetes from the steps node and worker"
    return 0
  fi
  need_control_planes_before "$server" || return 0
  need_onward "$server" 'the API server' || return 0
  need_onward "$kubelet" "the kubelet of $(self name)" || return 0
  need_next_minor "$server" || return 0
  if [[ "$server $kubelet" != "$KUBERNETES_VERSION $KUBERNETES_VERSION" ]] || is_owed kubeadm-upgrade; then
    need_other_nodes "$server" || return 0
    need_owned_pods || return 0
  fi
  if [[ $(self role) == control-plane ]]; then
    upgrade_control_plane "$server"
  fi
  upgrade_kubelet "$kubelet"
}

# member_server: the version of the API server of the cluster that this host has joined, on a control plane of its own;
# nothing where there is none.
member_server() {
  local own=''
  if [[ ! -e $KUBELET_CONF ]]; then
    return 0
  elif ((${#OTHER_CONTROL_PLANES[@]})) && [[ $(self role) == control-plane ]]; then
    own=$(self address)
  fi
  server_version "$KUBELET_CONF" "$own"
}

# need_control_planes_before SERVER: 1 where this node's turn comes later. The first control plane is upgraded first, then
# the others, then workers: no kubelet is newer than any API server. SERVER is the version of the one that was asked.
need_control_planes_before() {
  local row name address role version=$1
  ! is_first || return 0
  for row in "${NODES[@]}"; do
    columns "$row" name address role _
    [[ $role == control-plane ]] || continue
    [[ $name != "$(self name)" ]] || return 0
    if ((${#OTHER_CONTROL_PLANES[@]})); then
      version=$(server_version "$KUBELET_CONF" "$address")
    fi
    if [[ $version != "$KUBERNETES_VERSION" ]] && ! is_newer "${version:-v0}" "$KUBERNETES_VERSION"; then
      refuse "the API server${OTHER_CONTROL_PLANES[0]:+ on $name} is ${version:-of a version that it does not say}, and no kubelet may be newer. First, on $name: bootstrap.sh upgrade"
      return 1
    fi
  done
}

# need_onward VERSION WHO: 1 where WHO is newer than the inventory.
need_onward() {
  if is_newer "$1" "$KUBERNETES_VERSION"; then
    refuse "$2 is $1, newer than $KUBERNETES_VERSION of the inventory, and Kubernetes never goes back: name $1 or a later release in platform.kubernetes.version, compile, and run the step of that script"
    return 1
  fi
}

# need_next_minor VERSION: 1 where the API server, which is of this version, cannot become of the inventory's. A kubelet
# that is further behind can, once it has no pods.
need_next_minor() {
  local major minor wanted_major wanted_minor
  IFS=. read -r major minor _ <<<"${1#v}"
  IFS=. read -r wanted_major wanted_minor _ <<<"${KUBERNETES_VERSION#v}"
  if ((wanted_major != major || wanted_minor > minor + 1)); then
    refuse "the API server is $1, and kubeadm upgrades one minor release at a time: before $KUBERNETES_VERSION bring every node to a release of $major.$((minor + 1)), with the script that is compiled for it"
    return 1
  fi
}

# The control plane as kubeadm makes it of the inventory; API server and etcd are away for moments, pods go on.
upgrade_control_plane() {
  local config=''
  if [[ $1 == "$KUBERNETES_VERSION" ]] && ! is_owed kubeadm-upgrade; then
    report skipped "the control plane is $1"
    return 0
  fi
  need_cluster
  # One that starts without them would not answer any more.
  keep_api_server_files
  if ! is_owed kubeadm-upgrade; then
    dry_run || install --directory --mode=0700 -- "$UPGRADE_BACKUPS"
    make_backup "$UPGRADE_BACKUPS" "$1"
    remove_old_backups "$UPGRADE_BACKUPS" "$UPGRADE_BACKUPS_KEPT"
  fi
  "install_kubeadm_$KUBERNETES_FROM"
  ! is_first || await "kubeadm upgrade plan sees a way to $KUBERNETES_VERSION" kubeadm upgrade plan "$KUBERNETES_VERSION"
  owe_kubeconfig
  owe kubeadm-upgrade
  write_api_server_files
  dry_run || kubeadm_config config
  if is_first; then
    upload_kubeadm_config "$config"
    change "kubeadm upgrade apply $KUBERNETES_VERSION: etcd, API server, controller manager, scheduler, DNS and kube-proxy" \
      kubeadm upgrade apply "$KUBERNETES_VERSION" --yes
  else
    change "kubeadm upgrade node: etcd, API server, controller manager and scheduler of this control plane" kubeadm upgrade node
  fi
  # kubeadm has started it anew.
  settle kube-apiserver
  renew_kube_proxy "$config"
  note_kubeadm_config
  remove_former_policies
  settle control-plane
  renew_kubeconfig
  settle kubeadm-upgrade
}

# upgrade_kubelet VERSION: of this node, which has this one.
upgrade_kubelet() {
  if [[ $1 != "$KUBERNETES_VERSION" ]]; then
    if [[ $(self role) != control-plane ]]; then
      "install_kubeadm_$KUBERNETES_FROM"
      change 'kubeadm upgrade node: the configuration of the kubelet' kubeadm upgrade node
    fi
    cordon_node
    change "drain $(self name): its pods end, and start on other nodes or wait for this one" evict_pods
  fi
  "install_kubernetes_$KUBERNETES_FROM"
  take_kubelet_config
  if [[ $1 != "$KUBERNETES_VERSION" ]] || is_owed uncordon; then
    await "node $(self name) is Ready with Kubernetes $KUBERNETES_VERSION" own_node_is_ready
    uncordon_node
  else
    report skipped "node $(self name) has Kubernetes $KUBERNETES_VERSION"
  fi
}

# ---- verify
WRONG=0

# verdict CONDITION WHAT [WHAT IS WRONG]: CONDITION is yes or no.
verdict() {
  if [[ $1 == yes ]]; then
    report ok "$2"
  else
    report failed "$2${3:+: $3}"
    WRONG=$((WRONG + 1))
  fi
}

# same A B: yes or no
same() {
  if [[ $1 == "$2" ]]; then printf yes; else printf no; fi
}

step_verify() {
  local namespace wrong
  if ! command -v kubectl >/dev/null && identify_balancer; then
    report skipped "what is in the cluster: $(self name) has no kubectl"
  elif ! cluster_answers; then
    verdict no 'the cluster answers' "nothing answers with the kubeconfig $(kubeconfig)"
  elif wrong=$(wrong_cluster) && [[ -n $wrong ]]; then
    verdict no "the cluster is $CLUSTER_NAME" "$wrong"
  else
    verdict yes "the cluster is $CLUSTER_NAME"
    verify_nodes
    verify_control_planes
    verify_volumes
    verify_secrets
    verify_workloads kube-system
    verify_workloads "$ARGOCD_NAMESPACE"
    for namespace in "${NAMESPACES[@]}"; do
      verify_workloads "$namespace"
    done
    verify_brokers
    verify_application
    verify_node_ports
  fi
  verify_load_balancers
  if identify_balancer; then
    verify_servers
    verify_follow
    verify_certificate
  fi
  if ((WRONG)); then
    fail "$WRONG things are not as the inventory says"
  fi
}

# node | is it Ready | version of its kubelet | label of its group | is it cordoned
readonly NODE_TABLE='
{{range .items}}
  {{.metadata.name}}|
  {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}|
  {{.status.nodeInfo.kubeletVersion}}|
  {{with .metadata.labels}}{{with index . "@LABEL@"}}{{.}}{{end}}{{end}}|
  {{with .spec.unschedulable}}yes{{end}}
  {{println}}
{{end}}'

verify_nodes() {
  local row name role label found ready version value cordoned table
  table=$(kube get nodes --output=go-template="$(template "$NODE_TABLE" LABEL "$GROUP_LABEL")")
  for row in "${NODES[@]}"; do
    columns "$row" name _ role label
    [[ $role == worker ]] || label=''
    found=$(grep -F -- "$name|" <<<"$table" | grep -- "^$name|" || true)
    columns "$found" _ ready version value cordoned
    verdict "$(same "$found" "$name|True|$KUBERNETES_VERSION|$label|")" \
      "node $name is Ready, $KUBERNETES_VERSION${label:+, $GROUP_LABEL=$label}" \
      "Ready: ${ready:-not known}, version: ${version:-not known}, label: ${value:-none}${cordoned:+; it is cordoned: kubectl uncordon $name}"
  done
}

# Of several: one that is away shows nowhere else, while the others go on.
verify_control_planes() {
  local row name address role members_well=''
  ((${#OTHER_CONTROL_PLANES[@]})) || return 0
  for row in "${NODES[@]}"; do
    columns "$row" name address role _
    [[ $role == control-plane ]] || continue
    if kube --server="https://$address:6443" --request-timeout=10s get --raw=/readyz >/dev/null 2>&1; then
      verdict yes "the API server on $name answers"
      [[ -n $members_well ]] || members_well=$(etcd_well "$name")
    else
      verdict no "the API server on $name answers" "nothing that is ready accepts at $address:6443: on $name, $(list_containers), and journalctl -u kubelet"
    fi
  done
  for row in "${NODES[@]}"; do
    columns "$row" name address role _
    [[ $role == control-plane ]] || continue
    verdict "$(grep -qxF -- "$address" <<<"$members_well" && printf yes || printf no)" "etcd's member on $name is well" \
      "no other one reaches it: on $name, $(list_containers). One that has lost its disk: docs/availability.md"
  done
}

# phase | namespace and name of its claim
readonly VOLUME='{{.status.phase}}|{{.spec.claimRef.namespace}}|{{.spec.claimRef.name}}'

verify_volumes() {
  local name phase namespace claim other
  for name in "${PERSISTENT_VOLUMES[@]}"; do
    columns "$(kube get persistentvolume "$name" --ignore-not-found --output=go-template="$VOLUME")" \
      phase namespace claim
    if [[ $phase == Available ]]; then
      # A claim stays with its volume when the inventory gives it another machine, directory or class.
      other=$(kube --namespace "$namespace" get persistentvolumeclaim "$claim" --ignore-not-found \
        --output=go-template='{{with .spec.volumeName}}{{.}}{{end}}')
      phase+="${other:+: its claim $namespace/$claim still has $other (docs/switches.md#volumes)}"
    fi
    verdict "$(same "$phase" Bound)" "PersistentVolume $name is bound" "${phase:-it does not exist}"
  done
}

verify_secrets() {
  local row secret key kind present='' previous=''
  for row in "${SECRETS[@]}"; do
    columns "$row" secret key kind _
    if [[ $secret != "$previous" ]]; then
      present=$(secret_keys "$secret")
      previous=$secret
      [[ -z $(former_keys "$present") ]] ||
        verdict no "Secret ${secret#*/} has its new values alone" "an earlier run of rotate has not come to its end: bootstrap.sh rotate --secret ${secret#*/}"
    fi
    if grep -qxF -- "key $key" <<<"$present"; then
      verdict yes "Secret ${secret#*/} has key $key"
    elif [[ $kind == provided ]]; then
      verdict no "Secret ${secret#*/} has key $key" "you provide it: $(how_to_provide "$secret")"
    else
      verdict no "Secret ${secret#*/} has key $key" 'run the step secrets'
    fi
  done
}

# pod | its phase | is it ready; none of a Job
IFS= read -r -d '' POD_TABLE <<'END' || true
{{range .items}}
  {{$job := false}}
  {{range .metadata.ownerReferences}}{{if eq .kind "Job"}}{{$job = true}}{{end}}{{end}}
  {{if not $job}}
    {{.metadata.name}}|
    {{.status.phase}}|
    {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}
    {{println}}
  {{end}}
{{end}}
END
readonly POD_TABLE

# Job | how it has ended. Since 1.31 the controller first says what will end it, by conditions that stay beside these.
readonly JOB_TABLE='
{{range .items}}
  {{.metadata.name}}|
  {{range .status.conditions}}
    {{if eq .status "True"}}{{if or (eq .type "Complete") (eq .type "Failed")}}{{.type}}{{end}}{{end}}
  {{end}}
  {{println}}
{{end}}'

# verify_workloads NAMESPACE: every pod that is not a Job's is ready, every Job is complete.
verify_workloads() {
  local table row name phase ready seen=''
  table=$(kube --namespace="$1" get pods --output=go-template="$(template "$POD_TABLE")")
  while IFS= read -r row; do
    columns "$row" name phase ready
    [[ -n $name ]] || continue
    seen=yes
    verdict "$(same "$phase $ready" 'Running True')" "pod $1/$name is ready" "$phase"
  done <<<"$table"
  table=$(kube --namespace="$1" get jobs --output=go-template="$(template "$JOB_TABLE")")
  while IFS= read -r row; do
    columns "$row" name phase
    [[ -n $name ]] || continue
    verdict "$(same "$phase" Complete)" "Job $1/$name is complete" "${phase:-it has not ended}"
  done <<<"$table"
  [[ -n $seen ]] || verdict no "pods run in namespace $1" 'there is none'
}

# What ends a broker early and shows nowhere else: when it may not open one more file, the kernel
# still completes the handshakes of devices.
verify_brokers() {
  local row namespace set count needed number pod
  for row in "${BROKERS[@]}"; do
    columns "$row" namespace set count _ needed
    for ((number = 0; number < count; number++)); do
      pod=$set-$number
      verify_open_files "$namespace" "$pod" "$needed" "$(how_to_renew "$row")"
    done
  done
}

# Its phase, and what its container lacks.
readonly BROKER_STATE='
{{.status.phase}}
{{range .status.containerStatuses}}
  {{if eq .name "vernemq"}}{{if not .state.running}}, not started{{end}}{{end}}
{{end}}'

# verify_open_files NAMESPACE POD NEEDED WAY OUT
verify_open_files() {
  local what="broker $1/$2 may open $3 files" state limit limits
  state=$(kube --namespace="$1" get pod "$2" --ignore-not-found \
    --output=go-template="$(template "$BROKER_STATE")")
  if [[ $state != Running ]]; then
    verdict no "$what" "it does not run (${state:-there is no such pod}), so nobody can tell yet"
    return 0
  fi
  if ! limits=$(kube --namespace="$1" exec "$2" --container=vernemq -- sh -c "$OPEN_FILES_OF_ERLANG" </dev/null); then
    verdict no "$what" 'its container cannot be asked (kubectl exec, see above)'
    return 0
  fi
  limit=$(sort -n <<<"$limits" | head -n 1)
  if [[ ! $limit =~ ^[0-9]+$ ]]; then
    verdict no "$what" 'its container shows no process beam.smp, the Erlang VM: look at its log'
  elif ((limit < $3)); then
    verdict no "$what" "it may open $limit. Run the step node on its node, then make the brokers' pods again: $4"
  else
    verdict yes "$what"
  fi
}

# For the sh of the broker's image: the limit of each Erlang VM that runs there. Processes may end meanwhile.
IFS= read -r -d '' OPEN_FILES_OF_ERLANG <<'END_OF_SCRIPT' || true
exec 2>/dev/null
for comm in /proc/[0-9]*/comm; do
  name=
  read -r name <"$comm"
  [ "$name" = beam.smp ] || continue
  while read -r one two three soft rest; do
    [ "$one $two $three" != 'Max open files' ] || echo "$soft"
  done <"${comm%comm}limits"
done
true
END_OF_SCRIPT
readonly OPEN_FILES_OF_ERLANG

verify_application() {
  local file found
  file=$(compiled)/argocd/application.yml
  if [[ ! -r $file ]]; then
    verdict no 'the Argo CD application is Synced and Healthy' "$file is missing: name its place with --compiled"
    return 0
  fi
  found=$(kube get --filename="$file" --ignore-not-found \
    --output=go-template='{{with .status}}{{.sync.status}} {{.health.status}}{{else}}not looked at yet{{end}}' 2>/dev/null || true)
  verdict "$(same "$found" 'Synced Healthy')" 'the Argo CD application is Synced and Healthy' "${found:-it does not exist}"
}

# Whether the file's copy has reached the load balancer shows where that answers.
verify_node_ports() {
  local row variable service port chosen noted
  for row in "${NODE_PORTS[@]}"; do
    columns "$row" variable service port
    chosen=$(chosen_node_port "$service" "$port")
    noted=$(noted_node_port "$variable")
    verdict "$(same "${chosen:-none}" "$noted")" "$(option node-ports) has the NodePort of $port of Service ${service#*/}" \
      "Kubernetes says ${chosen:-nothing}, the file ${noted:-nothing}: run the step node-ports, copy the file to ${LOAD_BALANCERS[*]%%|*}, run load-balancer there"
  done
}

verify_load_balancers() {
  local row host address
  for row in "${LOAD_BALANCERS[@]}"; do
    columns "$row" host address _
    verify_listeners "$host" "$address"
  done
  [[ -z $SHARED_ADDRESS ]] || verify_listeners 'the shared address' "$SHARED_ADDRESS"
}

# verify_listeners HOST ADDRESS
verify_listeners() {
  local row port name
  for row in "${LOAD_BALANCER_PORTS[@]}"; do
    columns "$row" port name
    if timeout 5 bash -c "exec 3<>/dev/tcp/$2/$port" 2>/dev/null; then
      verdict yes "$1 answers on port $port ($name)"
    else
      verdict no "$1 answers on port $port ($name)" "nothing accepts at $2:$port"
    fi
  done
}

# Whom HAProxy sends new sessions to, asked on its own host.
verify_servers() {
  local row name listener state said='' wrong
  if ! read_servers; then
    verdict no 'HAProxy says which servers get new sessions' \
      "nobody answers at $HAPROXY_ADMIN_SOCKET: run verify as root, and load-balancer where socat is missing"
    return 0
  fi
  for row in "${SERVERS[@]}"; do
    columns "$row" _ name _
    [[ $said != *" $name "* ]] || continue
    said+=" $name "
    wrong=''
    while IFS='|' read -r listener _ state _; do
      [[ $state == up ]] || wrong+="${wrong:+, }$state in $listener"
    done < <(of_server "$name")
    [[ $wrong != *drained* ]] || wrong+=". When its broker is back: bootstrap.sh undrain --server $name"
    verdict "$(same "$wrong" '')" "server $name gets new sessions" "$wrong"
  done
}

# What the last look into the repository has come to, on a load balancer that follows.
verify_follow() {
  local every revision result looked wrong='' age
  ((${#FOLLOW[@]})) || return 0
  columns "${FOLLOW[0]}" every revision _
  result=$(last_look result)
  looked=$(last_look looked)
  if [[ ! $looked =~ ^[0-9]+$ ]]; then
    wrong='it has not looked yet: systemctl status dojot-follow.timer dojot-follow'
  elif age=$(($(date +%s) - looked)) && ((age > 3 * every + FOLLOW_LONGEST)); then
    wrong="its last look was $age s ago: systemctl status dojot-follow.timer dojot-follow"
  elif [[ $result != installed ]]; then
    wrong="$(last_look words) (journalctl -u dojot-follow)"
  elif [[ -n $(last_look step_due) ]]; then
    wrong=$(last_look words)
  fi
  verdict "$(same "$wrong" '')" "$(self name) has the haproxy.cfg of $revision" "$wrong"
}

# On the load balancer. The step makes one of its own anew, too, but somebody has to run it.
verify_certificate() {
  local ends
  [[ -n $HAPROXY_CERTIFICATE && -r $HAPROXY_CERTIFICATE ]] || return 0
  ends=$(certificate_end "$HAPROXY_CERTIFICATE")
  verdict "$( (($(date +%s) + 86400 * CERTIFICATE_LATE <= ends)) && printf yes || printf no)" \
    "the certificate $HAPROXY_CERTIFICATE lasts" \
    "it ends $(days_until "$ends"): put the next one there, then run the step load-balancer"
}

# ---- volumes
step_volumes() {
  need_root
  identify
  local mine row owner path paths=() owners=() place
  mapfile -t mine < <(rows "$(self name)" "${DISKS[@]}")
  for row in "${mine[@]}"; do
    columns "$row" _ owner path
    paths+=("$path") owners+=("$owner")
  done
  if ((${#paths[@]} == 0)); then
    report skipped "no volume lives on $(self name)"
    return 0
  fi
  need_no_lost_volume "${paths[@]}"
  for place in "${!paths[@]}"; do
    make_directory "${OPTION[root]-}${paths[place]}" "${owners[place]}"
  done
  write_file "$VOLUMES_RECORD" 0644 "$({ recorded_volumes && printf '%s\n' "${paths[@]}"; } | sort --unique)"$'\n'
}

# need_no_lost_volume DIRECTORY...: each that is in the record is still there.
need_no_lost_volume() {
  local path recorded lost=''
  recorded=$(recorded_volumes)
  for path in "$@"; do
    if [[ ! -d ${OPTION[root]-}$path ]] && grep -qxF -- "$path" <<<"$recorded"; then
      lost+="${lost:+, }${OPTION[root]-}$path"
    fi
  done
  [[ -z $lost ]] ||
    refuse "this step has made $lost before, and now that is not there: is its disk mounted (findmnt, /etc/fstab)? Nothing was made. To start empty on purpose, take its line out of ${OPTION[root]-}$VOLUMES_RECORD and run this step again"
}

# What is inside stays as it is: only the directory itself gets owner and mode. The
# kubelet gives a mounted volume to its pod's group and opens it to that group, which
# is as it should be; whoever else may look in is not.
make_directory() {
  local mode
  if [[ -d $1 && $(stat -c '%u' -- "$1") == "$2" ]]; then
    mode=$(stat -c '%a' -- "$1")
    if [[ ${mode: -1} == 0 ]]; then
      report skipped "$1 exists (owner $2, closed to others)"
      return 0
    fi
  fi
  change "make $1 (owner $2, mode 0750)" \
    install --directory --mode=0750 --owner="$2" --group="$2" -- "$1"
}

# ---- worker
step_worker() {
  need_root
  need_running_system
  identify
  need_role worker
  if [[ -e $KUBELET_CONF ]]; then
    need_member
  else
    change "join $(self name) with label $GROUP_LABEL=$(self label)" join_cluster
    take_kubelet_config joined
  fi
  remove_join_file "$(option join-file)"
  # Late, but joined: nothing of this step has failed by that.
  if dry_run; then
    look_at_kubelet_certificate
  fi
}

# A node that was deleted from the cluster keeps its files. Where the cluster does not say, they count.
need_member() {
  local found name
  name=$(self name)
  if ! found=$(kubectl --kubeconfig="$KUBELET_CONF" --request-timeout=10s get node "$name" --ignore-not-found --output=name 2>/dev/null); then
    report skipped "$name has joined the cluster (which does not say now whether it has it still)"
  elif [[ -n $found ]]; then
    report skipped "$name has joined the cluster"
  else
    refuse "$name has joined once, but the cluster has no such node any more: \"systemctl restart kubelet\" registers it again as it was; to join anew, run the steps remove, node, volumes on this worker, and then this one with a new token"
  fi
}

join_cluster() {
  local -
  set +x
  read_join_file "$(option join-file)" join-token
  run_kubeadm_join "$KUBEADM_JOIN" ||
    fail "kubeadm join did not finish, see above. If it says that an earlier attempt left files behind, run \"kubeadm reset\" on this worker, or the steps remove and node, and then this one again"
}

main "$@"
